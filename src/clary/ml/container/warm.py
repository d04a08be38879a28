"""Settings that must stand before an engine is imported: none may start threads that a fork would lose.

Threads for computing are made in the job, by OpenMP and pyarrow, as many as the job has CPUs.
"""

import os

SETTINGS = {
    "OPENBLAS_NUM_THREADS": "1",  # numpy's and scipy's; their matrix products are not what our algorithms wait for
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # pyarrow's jemalloc
}

for _name, _value in SETTINGS.items():
    os.environ.setdefault(_name, _value)
