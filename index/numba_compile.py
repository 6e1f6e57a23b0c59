"""Compiles loops to machine code with numba, if it is installed (extra `fast`).

Importing this file is cheap: numba is imported when the first loop is compiled.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

__all__ = ["compiled", "has_numba", "popcount_intrinsic"]

Function = TypeVar("Function", bound=Callable[..., Any])


def has_numba() -> bool:
    """Whether loops can be compiled. An installed numba may still refuse the NumPy in use."""
    try:
        import_module("numba")
    except ImportError:
        return False
    return True


def compiled(function: Function) -> Function:
    """Compile a function; cache its machine code beside its file or in the user's cache."""
    from numba import njit

    try:
        machine_code: Function = njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no cache folder is writable
        machine_code = njit(nogil=True)(function)
    return machine_code


@cache
def popcount_intrinsic() -> Any:
    """The function, for compiled loops only, that counts the bits set in a word.

    It is one instruction, and loops over it are compiled to vector instructions.
    """
    from numba.extending import intrinsic

    return intrinsic(_count_bits)


def _count_bits(_: Any, word: Any) -> Any:
    return word(word), lambda context, builder, signature, arguments: builder.ctpop(arguments[0])
