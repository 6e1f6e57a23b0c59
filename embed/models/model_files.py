"""Finding model files on this machine: given paths and the hub cache, never the network."""

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from frametrace.posts.errors import ModelMissing

__all__ = ["cached", "file_sha256", "missing_extra", "one_line", "stay_offline"]


def stay_offline() -> None:
    """What isn't on this machine is an error and never a download. To be called before any import.

    The hub's library reads the variable when it is imported.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"


def cached(repository: str, *names: str) -> Path | None:
    """The first of the files that the hub cache holds of a repository; it is never downloaded."""
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    for name in names:
        try:
            found = try_to_load_from_cache(repository, name)
        except ValueError:  # what the user named can't be a repository
            return None
        if isinstance(found, str):
            return Path(found)
    return None


@lru_cache(maxsize=8)
def file_sha256(path: Path) -> str:
    """The digest of a weights file, 64 hexadecimal digits; it tells models apart for good."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def missing_extra(signal: str, extra: str, error: Exception) -> ModelMissing:
    """What to say where the packages of a model are not installed, or not made for each other."""
    if isinstance(error, ModuleNotFoundError):
        found, install = f"{error.name}, which is not installed", "pip install"
    else:
        found = f"packages that can't be imported ({one_line(error)})"
        install = "pip install --force-reinstall"
    return ModelMissing(f"{signal} needs {found}: {install} 'frametrace[{extra}]'")


def one_line(error: Exception) -> str:
    """What an error says, on one line and not at length."""
    return " ".join(str(error).split())[:200] or type(error).__name__
