"""How many threads the numeric libraries of a fork use.

OpenMP and OpenBLAS count the CPUs when they are loaded, which for a fork happened in its parent. A program that may use
fewer would start too many threads, which then wait for each other.
"""

import ctypes
import re
from contextlib import suppress
from pathlib import Path

_LIBRARY = re.compile(r"/\S*lib(?:gomp|omp|iomp5|openblas|scipy_openblas)[^/]*\.so[^/\s]*$", re.MULTILINE)
_SETTERS = (
    "omp_set_num_threads",
    "openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "scipy_openblas_set_num_threads64_",
)


def limit_threads(count: int) -> None:
    """Tell the libraries that are loaded to use `count` threads."""
    for path in set(_LIBRARY.findall(Path("/proc/self/maps").read_text())):
        with suppress(OSError):
            library = ctypes.CDLL(path)
            for name in _SETTERS:
                with suppress(AttributeError):
                    getattr(library, name)(count)
