"""Settings that must stand before an engine is imported.

None may start threads at import, for a fork would lose them; threads for computing are made in the job, by OpenMP and
pyarrow, as many as the job has CPUs.
"""

import os

SETTINGS = {
    "OPENBLAS_NUM_THREADS": "1",  # numpy's and scipy's; their matrix products are not what our algorithms wait for
    # OpenMP's threads spin for milliseconds when they wait. Jobs share the CPUs, and a thread that spins keeps the one
    # it waits for from running: with twice as many threads as CPUs training takes four times as long. So, briefly.
    "GOMP_SPINCOUNT": "10000",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # pyarrow's jemalloc
}

for _name, _value in SETTINGS.items():
    os.environ.setdefault(_name, _value)
