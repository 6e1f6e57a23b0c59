"""Finds model files on this machine, at given paths or in the hub cache; never downloads."""

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from frametrace.posts.errors import ModelMissing

__all__ = ["cached", "file_sha256", "missing_extra", "one_line", "stay_offline"]


def stay_offline() -> None:
    """Turn off downloads of missing models. Call it before the hub's library is imported."""
    os.environ["HF_HUB_OFFLINE"] = "1"


def cached(repository: str, *names: str) -> Path | None:
    """The first of the named files of a repository that is in the hub cache."""
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    for name in names:
        try:
            path = try_to_load_from_cache(repository, name)
        except ValueError:  # not a valid name of a repository
            return None
        if isinstance(path, str):
            return Path(path)
    return None


@lru_cache(maxsize=8)
def file_sha256(path: Path) -> str:
    """The digest of a weights file, 64 hexadecimal digits: it identifies the model."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def missing_extra(signal: str, extra: str, error: Exception) -> ModelMissing:
    """The error for packages of a model that are missing, or that don't fit each other."""
    if isinstance(error, ModuleNotFoundError):
        needed, install = f"{error.name}, which is not installed", "pip install"
    else:
        needed = f"packages that can't be imported ({one_line(error)})"
        install = "pip install --force-reinstall"
    return ModelMissing(f"{signal} needs {needed}: {install} 'frametrace[{extra}]'")


def one_line(error: Exception) -> str:
    """The message of an error on one line, at most 200 characters."""
    return " ".join(str(error).split())[:200] or type(error).__name__
