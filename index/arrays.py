"""Saves arrays as `.npy` files, and maps them into memory."""

from pathlib import Path

import numpy as np
from numpy.lib.format import header_data_from_array_1_0, write_array_header_1_0

__all__ = ["map_array", "save_array"]


def save_array(path: Path, array: np.ndarray) -> None:
    """Write a `.npy` file. Unlike `numpy.save`, it raises `OSError` if the disk is full."""
    with path.open("wb") as file:
        write_array_header_1_0(file, header_data_from_array_1_0(array))
        file.write(np.ascontiguousarray(array).data)


def map_array(path: Path) -> np.ndarray:
    """Map the array of a `.npy` file; only the parts that are used are read.

    Raises `OSError` or `ValueError` if the file can't be mapped.
    """
    try:
        mapped: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except EOFError as error:
        raise ValueError(f"{path.name} is empty") from error
    return np.asarray(mapped)  # slices of a plain array are faster than those of a memmap
