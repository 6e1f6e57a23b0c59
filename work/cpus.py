"""Counts the processors that this process may use."""

import os

__all__ = ["cpu_count"]


def cpu_count() -> int:
    """The number of processors that this process may use, at least 1.

    Linux can restrict a process to some processors (`taskset`, containers); macOS and Windows have
    no such call in Python.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
