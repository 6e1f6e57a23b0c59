"""Looks up a path that a row or a media map names, in one folder or archive or in several."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from unicodedata import normalize

from frametrace.posts.errors import SourceError
from frametrace.posts.model import MediaFile
from frametrace.posts.sources.archives import escapes_folder
from frametrace.posts.sources.compression import READ_ERRORS
from frametrace.posts.sources.containers import Container
from frametrace.posts.sources.paths import printable

__all__ = [
    "ESCAPES",
    "AmbiguousPath",
    "checked_file",
    "file_name",
    "find_in_containers",
    "find_in_folders",
    "folded_file_name",
    "in_several_folders",
    "is_absolute",
    "is_within",
]

ESCAPES = "leaves the media folder"
_MAX_FOLDERS_SHOWN = 5  # in a message
_MAX_COMPARED = 2**26  # bytes of each of the files that share a name


class AmbiguousPath(ValueError):
    """Several files have the name, and the row may mean any of them."""


def find_in_folders(named: str, container: Container, folders: Iterable[str]) -> MediaFile | None:
    """Find a path in the first of the container's `folders` that has it; None if none does.

    Raises ValueError, with the reason, if the path or the file must not be used.
    """
    if escapes_folder(named):
        raise ValueError(ESCAPES)
    paths = (path for folder in folders for path in _spellings(f"{folder}{named}"))
    path = next(filter(container.has_file, paths), None)
    return None if path is None else checked_file(container, path)


def find_in_containers(named: str, containers: Sequence[Container]) -> MediaFile | None:
    """Find a path at the top of the containers; None if none has it.

    Raises AmbiguousPath, with the reason, if several have different files there.
    """
    by_real_path: dict[Path, MediaFile] = {}
    for container in containers:
        if file := find_in_folders(named, container, ("",)):
            by_real_path.setdefault(_real_path(file), file)
    files = list(by_real_path.values())
    if len(files) > 1 and not _are_identical(files, containers):
        raise AmbiguousPath(in_several_folders(Path(file.root).name for file in files))
    return files[0] if files else None


def in_several_folders(folders: Iterable[str]) -> str:
    """The reason that a name is in several folders, which it lists."""
    names = sorted(set(map(printable, folders)))
    more = ", …" if len(names) > _MAX_FOLDERS_SHOWN else ""
    return f"is in several folders: {', '.join(names[:_MAX_FOLDERS_SHOWN])}{more}"


def checked_file(container: Container, path: str) -> MediaFile:
    """Make a MediaFile of an existing file. Raises ValueError if it must not be used."""
    if printable(path) != path:
        raise ValueError("its name is not valid UTF-8; rename it")
    if not container.stays_inside(path):
        raise ValueError(ESCAPES)
    return MediaFile(str(container.path), path)


def is_within(container: Container, other: Container) -> bool:
    """Whether a container is inside another, or is the same."""
    return container.path.is_relative_to(other.path)


def is_absolute(named: str) -> bool:
    """Whether a path is absolute on any system, and so names a file on somebody's machine."""
    return bool(PureWindowsPath(named).anchor) and ".." not in PureWindowsPath(named).parts


def file_name(named: str) -> str:
    """The last part of a path, with the separators of any system."""
    return named.replace("\\", "/").rstrip("/").rpartition("/")[2]


def folded_file_name(named: str) -> str:
    """The last part of a path in lower case and Unicode's NFC form, for comparisons."""
    return normalize("NFC", file_name(named)).casefold()


def _spellings(named: str) -> Iterator[str]:
    """The path as it is, with Windows' separators replaced, and in the NFC and NFD forms."""
    path = PurePosixPath(named).as_posix()
    yield path
    slashed = path.replace("\\", "/")
    for form in ("NFC", "NFD"):
        if (normalized := normalize(form, slashed)) != path:
            yield normalized


def _real_path(file: MediaFile) -> Path:
    path = Path(file.full_path)
    return path.resolve() if Path(file.root).is_dir() else path


def _are_identical(files: Sequence[MediaFile], containers: Sequence[Container]) -> bool:
    """Whether all files hold the same bytes."""
    by_path = {str(container.path): container for container in containers}
    try:
        contents = {by_path[file.root].read(file.path, _MAX_COMPARED) for file in files}
    except (SourceError, *READ_ERRORS):
        return False
    return len(contents) == 1
