"""Pictures that nothing but their file names gives to posts: a guess, which gives way to all else.

A file whose name begins with a post's id, or holds a long number that is one
(`lena_1690773347334800001_20240501.jpg`), is that post's, where no map and no row names it, where
the name begins with no longer id of another post, and where no other post has the id. So a guess
waits until all posts are known.
"""

import re
from array import array
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from pathlib import PurePosixPath

import numpy as np

from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.sources.sibling_sources import Sources

__all__ = [
    "LONG",
    "Guess",
    "Guesses",
    "Key",
    "begins_with_id",
    "first_id_in",
    "is_named_by",
    "long_ids_in",
]

Key = tuple[str, str]  # (platform, post_id)
LONG = 15  # digits: such a number is no other platform's, and no other source's
# A time to the millisecond is not an id.
_LONG_ID = re.compile(
    r"(?<![0-9A-Za-z])(?!(?:19|20)\d\d[01]\d[0-3]\d[0-2]\d[0-5]\d[0-5]\d{1,4}(?!\d))"
    r"\d{15,20}(?![0-9A-Za-z])",
    re.ASCII,
)
# A file that is named by its day is not that of a post 2019, nor of a post 19.
_DATE = re.compile(
    r"(?:\d{4}(?P<a>[-_.])[01]?\d(?P=a)[0-3]?\d|[0-3]?\d(?P<b>[-_.])[0-3]?\d(?P=b)\d{4})(?!\d)",
    re.ASCII,
)
_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?=[-_. ])", re.ASCII)
_UNREAD = "may be named by a row beside it that can't be read: a media map can say whose it is"
_BLOCK = 20_000  # files looked at together


# A file that a post gets, or why it gets none: with the post's key, its source and its line.
Guess = tuple[Key, str, int, MediaFile | Skipped]


class Guesses:
    """Posts whose ids the names of files begin with; files go by their numbers.

    An archive has a million of both, so that they are columns: some 200 bytes a post.
    """

    def __init__(self) -> None:
        self._platforms: list[str] = []
        self._ids: list[str] = []
        self._sources: list[str] = []
        self._lines = array("q")
        self._waits = bytearray()
        self._file, self._post = array("q"), array("q")  # a row for each file of each post
        self._in_vain: dict[int, tuple[Skipped, ...]] = {}
        self._settled: set[Key] = set()
        self._at: dict[int, str] = {}
        self._folders: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def note(
        self,
        post: Post,
        files: Sequence[int],
        in_vain: Collection[Skipped] = (),
        *,
        waits: bool = False,
        at: str = "",
    ) -> None:
        """Note a post and the files that are named after it; `waits` where it has no other.

        `in_vain` is what its row named: it is reported where no file belongs to the post. `at` is
        the folder of its source, where its id is short.
        """
        number = len(self._ids)
        self._platforms.append(post.platform)
        self._ids.append(post.post_id)
        self._sources.append(post.source)
        self._lines.append(post.line)
        self._waits.append(waits)
        self._file.extend(files)
        self._post.extend([number] * len(files))
        if at:
            self._at[number] = self._folders.setdefault(at, at)
        if in_vain:
            self._in_vain[number] = tuple(in_vain)

    def settle(self, key: Key) -> None:
        """Have a post wait no longer: something better than a guess gave it a picture."""
        self._settled.add(key)

    def resolved(
        self,
        file_of: Callable[[int], MediaFile],
        claimed: Set[str],
        known: Callable[[Collection[str]], Collection[Key]],
        sources: Sources,
    ) -> Iterator[Guess]:
        """Give the posts that waited their files, or say why they have none.

        `claimed` are the places of other posts' files; `known` gives the keys of the posts besides
        these that have one of some ids; `sources` say what could not be read.
        """
        given = bytearray(len(self._ids))
        for files in self._blocks():
            named = {at: file_of(at) for at in files}
            others = _others(named, known)
            lost = _others(named, lambda ids: [("", each) for each in sources.lost_ids(ids)])
            for at, numbers in files.items():
                keys = {self._key(number) for number in numbers} | others.get(at, set())
                longest = max(len(post_id) for _, post_id in keys)
                # Nor is it that of a row with a longer id which can't be read.
                if named[at].place not in claimed and not any(
                    len(post_id) > longest for _, post_id in lost.get(at, ())
                ):
                    best = sorted(key for key in keys if len(key[1]) == longest)
                    yield from self._of_best(numbers, named[at], best, sources, given)
        for number, in_vain in self._in_vain.items():
            if not given[number] and self._key(number) not in self._settled:
                for told in in_vain:
                    yield self._key(number), told.source, told.line, told

    def _of_best(
        self,
        numbers: Sequence[int],
        file: MediaFile,
        best: Sequence[Key],
        sources: Sources,
        given: bytearray,
    ) -> Iterator[Guess]:
        """Give a file to the post that alone has the best claim, or say why it isn't given."""
        waiting: dict[Key, int] = {}
        for number in numbers:
            if self._waits[number] and self._key(number) not in self._settled:
                waiting.setdefault(self._key(number), number)
        for key, number in waiting.items():
            if key not in best:
                continue
            place = key, self._sources[number], self._lines[number]
            if len(best) > 1:
                yield (*place, _of_several(file, key, best, *place[1:]))
            elif self._is_anothers(number, file, sources):
                yield (*place, Skipped(*place[1:], file.path, _UNREAD))
            else:
                given[number] = True
                yield (*place, file)

    def _is_anothers(self, number: int, file: MediaFile, sources: Sources) -> bool:
        """Whether another source lies nearer to a file, whose rows were not all read."""
        if (at := self._at.get(number)) is None:
            return False
        nearest = sources.nearest(file.place)
        return nearest not in {"", at} and sources.lost_rows(nearest)

    def _key(self, number: int) -> Key:
        return self._platforms[number], self._ids[number]

    def _blocks(self) -> Iterator[dict[int, list[int]]]:
        """The files in their order, some at a time, each with the posts it may belong to."""
        file, post = (np.frombuffer(rows, np.int64) for rows in (self._file, self._post))
        order = np.argsort(file, kind="stable")
        first = np.flatnonzero(np.diff(file[order], prepend=-1))
        end = np.append(first[1:], len(order))
        for start in range(0, len(first), _BLOCK):
            rows = zip(first[start : start + _BLOCK], end[start : start + _BLOCK], strict=True)
            yield {int(file[order[a]]): post[order[a:b]].tolist() for a, b in rows}


def is_named_by(path: str, post_id: str) -> bool:
    """Whether a file's name is a post's id, or begins with it and goes on with a sign."""
    stem = PurePosixPath(path).stem
    if not stem.startswith(post_id) or stem[len(post_id) : len(post_id) + 1].isalnum():
        return False
    date, day = _DATE.match(stem), _DAY.match(stem)
    is_day = day is not None and day.end() == len(post_id)  # `20190819_140322.jpg`
    return not is_day and (date is None or date.end() <= len(post_id))


def long_ids_in(path: str) -> Iterator[str]:
    """The long numbers inside a file's name, which platforms give to posts; times are shorter."""
    return (found[0] for found in _LONG_ID.finditer(PurePosixPath(path).stem) if found.start())


def first_id_in(path: str) -> str:
    """The first long number in a file's name; empty if there is none.

    What follows may be the post that is answered, the account or the picture.
    """
    found = _LONG_ID.search(PurePosixPath(path).stem)
    return found[0] if found else ""


def begins_with_id(path: str) -> bool:
    """Whether a file's name begins with a long number: it is that post's alone."""
    return _LONG_ID.match(PurePosixPath(path).stem) is not None


def _of_several(file: MediaFile, key: Key, best: Sequence[Key], source: str, line: int) -> Skipped:
    others = ", ".join("/".join(owner) for owner in best if owner != key)
    reason = f"its name begins with the id of {others} as well: a media map can say whose it is"
    return Skipped(source, line, file.path, reason)


def _others(
    named: dict[int, MediaFile], known: Callable[[Collection[str]], Collection[Key]]
) -> dict[int, set[Key]]:
    """The posts besides those that were noted whose ids some files' names begin with."""
    begun: dict[str, list[int]] = {}
    for at, file in named.items():
        for begins in _ids_in(file.path):
            begun.setdefault(begins, []).append(at)
    others: dict[int, set[Key]] = {}
    for key in known(begun):
        for at in begun[key[1]]:
            others.setdefault(at, set()).add(key)
    return others


def _ids_in(path: str) -> Iterator[str]:
    """Whatever a file's name may begin with that could be an id."""
    if not begins_with_id(path):
        yield from long_ids_in(path)
    stem = PurePosixPath(path).stem
    for end in range(1, len(stem) + 1):
        if not stem[end : end + 1].isalnum():
            yield stem[:end]
