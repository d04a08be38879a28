"""`make bench`, or `python -m benchmarks [NAME ...]`: measure and print the table; exit 1 when a must is missed."""

import importlib
import sys

NAMES = (
    *("startup", "training", "inference", "requests", "durability"),
    *("s3_requests", "s3_streams", "s3_listing"),
)


def main() -> int:
    figures = []
    for name in sys.argv[1:] or NAMES:
        figures += importlib.import_module(f"benchmarks.{name}").run()
        print(f"measured {name}", file=sys.stderr)
    print("Ratios are ours over the peer's, measured in turn in this run; medians.\n")
    for figure in figures:
        print(figure.row())
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
