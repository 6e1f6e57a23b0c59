"""Defines the reader contract: how a format is named and recognised, how a row becomes a post."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from frametrace.posts.model import Account, Post
from frametrace.posts.rows import Head, Row, Shape

__all__ = ["Neighbour", "Reader"]

# Reads a small text file beside the source, by its relative path; "" if there is none.
Neighbour = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Reader:
    """One source format.

    Documentation: `name` is what `--format` takes; `title`, `example`, `platform` and `time`
    fill the table in docs/formats.md.

    Recognition: `required` lists the columns without which the format can't be read, each with its
    alternatives; a source of the right `shape` that has them all is recognised. `foreign` lists
    columns that only another format with the same required ones has. A source of the shape TEXT
    has no columns: `begins` recognises its first lines, and `split` yields each row's line number
    with its values, or with the reason why it can't be read.

    Rows: `parse` makes a Post or an Account of one row and raises ValueError, with a plain reason,
    when it can't. `parts` splits a row that holds many posts, such as a page of an API's answers,
    or drops one that holds none. `context` gives values that every row has in addition, read from
    files beside the source. `short_rows`: the tool leaves out empty cells at the end of a row.
    `beside`: rows name files in the source's own folder or in a media folder; files of the same
    name elsewhere don't belong to them.
    """

    name: str
    title: str
    example: str
    platform: str
    time: str
    shape: Shape
    required: tuple[tuple[str, ...], ...]
    parse: Callable[[Row], Post | Account]
    foreign: tuple[str, ...] = ()
    parts: Callable[[Row], Iterable[Row]] | None = None
    short_rows: bool = False
    beside: bool = False
    context: Callable[[Neighbour], Mapping[str, str]] | None = None
    begins: Callable[[str], bool] | None = None
    split: Callable[[Iterable[str]], Iterator[tuple[int, Mapping[str, str] | str]]] | None = None

    def missing(self, names: Collection[str]) -> tuple[str, ...]:
        """Name the required columns that are not among `names`."""
        return tuple(
            " or ".join(alternatives)
            for alternatives in self.required
            if not any(name in names for name in alternatives)
        )

    def lacks(self, names: Collection[str]) -> bool:
        """Whether a required column is missing; stops at the first, for speed."""
        return not all(any(map(names.__contains__, alternatives)) for alternatives in self.required)

    def recognises(self, head: Head) -> bool:
        """Whether a source with this head is of this format."""
        if self.shape is Shape.TEXT:
            begins = self.begins is not None and self.begins(head.beginning)
            return begins and head.shape is Shape.TEXT
        return (
            head.shape == self.shape
            and not self.lacks(head.names)
            and not any(name in head.names for name in self.foreign)
        )
