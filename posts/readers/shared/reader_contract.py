"""What a reader is: what its format is called, how it is recognised, how a row becomes a post."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from frametrace.posts.model import Account, Post
from frametrace.posts.rows import Head, Row, Shape

__all__ = ["Neighbour", "Reader"]

# Reads a small text file beside the source, by its relative path; "" where there is none.
Neighbour = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Reader:
    """One source format.

    `parse` makes a Post or an Account of one row and raises ValueError, with a plain reason, when
    the row can't be one. `required` names the columns without which the format can't be read, each
    with its alternatives: a source that has them all is recognised. `foreign` names columns that
    only another format with the same required ones has. `parts` takes apart a row that holds many
    posts, such as a page of an API's answers. `short_rows`: the tool leaves out empty cells at the
    end of a row. `context` gives values that every row has besides its own, read from files beside
    the source. `beside`: rows name files in the source's own folder, or else in a media folder; any
    others may be called alike. A source of the shape TEXT is recognised by its first lines
    (`begins`) and taken apart by `split`, which gives the number of each row's first line and its
    values, or the reason why it can't be read. `title`, `example`, `platform` and `time`
    describe the format in its documentation.
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
        """Whether a required column is not among `names`: of most readers the first isn't."""
        return not all(any(map(names.__contains__, each)) for each in self.required)

    def lacking(self, names: Collection[str]) -> int:
        """How many required columns are not among `names`."""
        return sum(not any(map(names.__contains__, each)) for each in self.required)

    def recognises(self, head: Head) -> bool:
        """Whether a source that begins like this is of this format."""
        if self.shape is Shape.TEXT:
            begins = self.begins is not None and self.begins(head.beginning)
            return begins and head.shape is Shape.TEXT
        return (
            head.shape == self.shape
            and not self.lacks(head.names)
            and not any(name in head.names for name in self.foreign)
        )
