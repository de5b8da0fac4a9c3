"""How many threads the numerical libraries of a script use."""

from __future__ import annotations

import os

#: What OpenMP, OpenBLAS, MKL, numexpr and joblib read. Each would take all processors for every instance.
_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


def thread_limits(instances: int) -> dict[str, str]:
    """Variables for each of a job's `instances`, so that together they use the processors that the engine may use."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return dict.fromkeys(_VARIABLES, str(max(1, processors // instances)))
