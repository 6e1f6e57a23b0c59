"""Finds the ids of posts in the names of files, such as `lena_1690773347334800001.jpg`."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

__all__ = [
    "LONG_ID_DIGITS",
    "begins_with_id",
    "first_id_in",
    "is_named_after",
    "long_ids_in",
    "possible_ids_in",
]

LONG_ID_DIGITS = 15  # a number of this length is an id of one platform only, in any source
# A time to the millisecond is not an id.
_LONG_ID = re.compile(
    r"(?<![0-9A-Za-z])(?!(?:19|20)\d\d[01]\d[0-3]\d[0-2]\d[0-5]\d[0-5]\d{1,4}(?!\d))"
    r"\d{15,20}(?![0-9A-Za-z])",
    re.ASCII,
)
# A file name that begins with a date doesn't begin with the id of a post 2019 or 19.
_DATE = re.compile(
    r"(?:\d{4}(?P<a>[-_.])[01]?\d(?P=a)[0-3]?\d|[0-3]?\d(?P<b>[-_.])[0-3]?\d(?P=b)\d{4})(?!\d)",
    re.ASCII,
)
_COMPACT_DATE = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?=[-_. ])", re.ASCII
)


def is_named_after(path: str, post_id: str) -> bool:
    """Whether a file's name is a post's id, or begins with it and a punctuation mark."""
    stem = PurePosixPath(path).stem
    if not stem.startswith(post_id) or stem[len(post_id) : len(post_id) + 1].isalnum():
        return False
    date, compact = _DATE.match(stem), _COMPACT_DATE.match(stem)
    is_date = compact is not None and compact.end() == len(post_id)  # `20190819_140322.jpg`
    return not is_date and (date is None or date.end() <= len(post_id))


def long_ids_in(path: str) -> Iterator[str]:
    """The long numbers inside a file's name, after its beginning, that may be ids of posts."""
    return (match[0] for match in _LONG_ID.finditer(PurePosixPath(path).stem) if match.start())


def first_id_in(path: str) -> str:
    """The first long number in a file's name; empty if there is none.

    Later ones may be the post that this one answers, the account or the picture.
    """
    match = _LONG_ID.search(PurePosixPath(path).stem)
    return match[0] if match else ""


def begins_with_id(path: str) -> bool:
    """Whether a file's name begins with a long number: then only that post can own it."""
    return _LONG_ID.match(PurePosixPath(path).stem) is not None


def possible_ids_in(path: str) -> Iterator[str]:
    """Every beginning of a file's name, and every long number in it, that could be an id."""
    if not begins_with_id(path):
        yield from long_ids_in(path)
    stem = PurePosixPath(path).stem
    for end in range(1, len(stem) + 1):
        if not stem[end : end + 1].isalnum():
            yield stem[:end]
