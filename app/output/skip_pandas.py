"""Keeps PyArrow from importing pandas, which no command uses.

Where pandas is installed, PyArrow imports it with the first list that becomes an array, to see
whether the list is a pandas Series. That takes longer than a query.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

__all__ = ["skip_pandas"]


class _NoPandas(MetaPathFinder):
    """Makes the import of pandas fail."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse pandas; leave other modules to the finders that follow."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is not needed here", name=name)
        return None


def skip_pandas() -> None:
    """Let PyArrow try once, in vain; pandas can be imported afterwards."""
    import pyarrow as pa

    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(finder)
