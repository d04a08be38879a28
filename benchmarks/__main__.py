"""`make bench`, or `python -m benchmarks [NAME ...]`: measure and print the table; exit 1 when a must is missed."""

import importlib
import sys

NAMES = (
    *("startup", "training", "inference", "requests", "durability"),
    *("s3_requests", "s3_streams", "s3_listing"),
)


def main() -> int:
    print("Ratios are ours over the peer's, measured in turn in this run; medians.\n", flush=True)
    met = True
    for name in sys.argv[1:] or NAMES:
        try:
            figures = importlib.import_module(f"benchmarks.{name}").run()
        except FileNotFoundError as error:  # s3rver, for one, comes from npm
            print(f"not measured: {name}: {error.filename} is not installed", flush=True)
            continue
        for figure in figures:
            print(figure.row(), flush=True)
        met = met and all(figure.met for figure in figures)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
