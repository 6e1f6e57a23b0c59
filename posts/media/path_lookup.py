"""Looking up a path that a row or a media map names, in one place or in several."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from unicodedata import normalize

from frametrace.posts.errors import SourceError
from frametrace.posts.model import MediaFile
from frametrace.posts.sources.compression import DAMAGED
from frametrace.posts.sources.containers import Place, leaves
from frametrace.posts.sources.paths import printable

__all__ = [
    "LEAVES",
    "Ambiguous",
    "beside",
    "in_places",
    "is_absolute",
    "is_within",
    "name_of",
    "several",
    "usable",
]

LEAVES = "leaves the media folder"
_NAMED = 5  # folders in a message
_COMPARED = 2**26  # bytes of two files of one name


class Ambiguous(ValueError):
    """A name that several files have, of which one may be meant."""


def beside(named: str, place: Place, folders: Iterable[str]) -> MediaFile | None:
    """Find a path in the first of some folders of a place; None where none of them has it.

    Raises ValueError, with the reason, where the path or the file must be left alone.
    """
    if leaves(named):
        raise ValueError(LEAVES)
    paths = (path for folder in folders for path in _spellings(f"{folder}{named}"))
    found = next(filter(place.holds, paths), None)
    return None if found is None else usable(place, found)


def in_places(named: str, places: Sequence[Place]) -> MediaFile | None:
    """Find a path in the places; None where none has it.

    Raises Ambiguous, with the reason, where several have different files there.
    """
    found: dict[Path, MediaFile] = {}
    for place in places:
        if file := beside(named, place, ("",)):
            found.setdefault(_file_of(file), file)
    files = list(found.values())
    if len(files) > 1 and not _alike(files, places):
        raise Ambiguous(several(Path(file.root).name for file in files))
    return files[0] if files else None


def several(folders: Iterable[str]) -> str:
    """Say that a name is in several folders."""
    names = sorted(set(map(printable, folders)))
    more = ", …" if len(names) > _NAMED else ""
    return f"is in several folders: {', '.join(names[:_NAMED])}{more}"


def usable(place: Place, path: str) -> MediaFile:
    """Take a file that is there. Raises ValueError, with the reason, if it must be left alone."""
    if printable(path) != path:
        raise ValueError("its name is not valid UTF-8; rename it")
    if not place.keeps(path):
        raise ValueError(LEAVES)
    return MediaFile(str(place.path), path)


def is_within(place: Place, other: Place) -> bool:
    """Whether a place lies in another, or is it."""
    return place.path.is_relative_to(other.path)


def is_absolute(named: str) -> bool:
    """Whether a path begins at a disk, of whatever system, and so on somebody's machine."""
    return bool(PureWindowsPath(named).anchor) and ".." not in PureWindowsPath(named).parts


def name_of(named: str, *, as_it_is: bool = False) -> str:
    """The last part of a path, whichever system wrote it; in small letters, to be compared."""
    name = named.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return name if as_it_is else normalize("NFC", name).casefold()


def _spellings(named: str) -> Iterator[str]:
    """Spell a path as it is, as Windows meant it, and in both of Unicode's forms of accents."""
    path = PurePosixPath(named).as_posix()
    yield path
    slashed = path.replace("\\", "/")
    for form in ("NFC", "NFD"):
        if (other := normalize(form, slashed)) != path:
            yield other


def _file_of(file: MediaFile) -> Path:
    path = Path(file.place)
    return path.resolve() if Path(file.root).is_dir() else path


def _alike(files: Sequence[MediaFile], places: Sequence[Place]) -> bool:
    """Whether all of some files hold the same bytes."""
    by_path = {str(place.path): place for place in places}
    try:
        contents = {by_path[file.root].read(file.path, _COMPARED) for file in files}
    except (SourceError, *DAMAGED):
        return False
    return len(contents) == 1
