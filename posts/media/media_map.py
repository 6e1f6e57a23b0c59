"""Reads media maps: tables in which users say which files are the pictures of a post."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from frametrace.posts.errors import SourceError
from frametrace.posts.layouts.detection import table_head
from frametrace.posts.model import Post, Skipped
from frametrace.posts.readers.shared.platforms import platform_named
from frametrace.posts.readers.shared.post_keys import post_key
from frametrace.posts.rows import Head, Row, Shape
from frametrace.posts.sources.source import Source

__all__ = ["MapRow", "MediaMap"]


@dataclass(frozen=True, slots=True)
class MapRow:
    """One line of a media map; `path` is relative to `folder`, or else to a media root."""

    post_id: str
    path: str
    folder: Path
    source: str
    line: int

    def skipped(self, reason: str) -> Skipped:
        """Report why this line gives no file."""
        return Skipped(self.source, self.line, self.path, reason)


class MediaMap:
    """The lines of all media maps by post, and which posts were requested.

    A map is a table with the columns `post_id` and `path`, and `platform` if ids alone would be
    ambiguous. Raises SourceError if a map lacks a column or can't be opened.
    """

    def __init__(self, maps: Sequence[Path]) -> None:
        self._rows: dict[tuple[str, str], list[MapRow]] = {}
        self._unreadable: list[Skipped] = []
        self._requested: set[tuple[str, str]] = set()
        # Platforms of the posts that lines without a platform were given to, by post id.
        self._platforms: dict[str, set[str]] = {}
        for path in maps:
            self._load(path)

    def __bool__(self) -> bool:
        """Whether any line names a post."""
        return bool(self._rows)

    def rows_of(self, post: Post) -> Iterator[MapRow]:
        """Yield the lines that name a post, those with its platform first."""
        for key in ((post.platform, post.post_id), *(("", post_id) for post_id in post.ids)):
            if key in self._rows:
                self._requested.add(key)
                if not key[0]:
                    self._platforms.setdefault(key[1], set()).add(post.platform)
                yield from self._rows[key]

    def unrequested_posts(self) -> set[str]:
        """The ids of posts that the maps name and that `rows_of` was not called for."""
        return {post_id for _, post_id in self._rows.keys() - self._requested}

    def unused_entries(self, known: Collection[tuple[str, str]] = ()) -> Iterator[Skipped]:
        """Report unreadable and ambiguous lines, and those whose post was never requested.

        Lines of `known` posts (platform, post_id) are not reported: those posts were read earlier.
        """
        yield from self._unreadable
        yield from self._ambiguous()
        existing = {*self._requested, *known, *(("", post_id) for _, post_id in known)}
        for key, rows in self._rows.items():
            if key not in existing:
                reason = f"the media map names the post {key[1]}, which was not read"
                yield from (row.skipped(reason) for row in rows)

    def _ambiguous(self) -> Iterator[Skipped]:
        """Report lines without a platform that were given to posts of several platforms."""
        for post_id, platforms in self._platforms.items():
            if len(platforms) > 1:
                names = " and ".join(sorted(platforms))
                reason = (
                    f"the media map doesn't say whether it means the post {post_id} of {names}; "
                    "both have the file now: add the platform to the map"
                )
                yield from (row.skipped(reason) for row in self._rows["", post_id])

    def _load(self, path: Path) -> None:
        if not path.is_file():
            raise SourceError(f"{path}: there is no such media map.")
        source = Source(path.resolve())
        head = table_head(source, _is_map)
        if not _is_map(head):
            raise SourceError(
                f"{source.name}: a media map is a CSV with the columns post_id and path, and "
                f"optionally platform. Found: {head.shown}."
            )
        for row in head.rows():
            if isinstance(row, Row):
                self._add(row, source.path.parent)
            else:
                self._unreadable.append(row)

    def _add(self, row: Row, folder: Path) -> None:
        try:
            platform, post_id = platform_named(row.take("platform")), row.key("post_id")
            key = platform, post_key(platform, post_id) if platform else post_id
            map_row = MapRow(post_id, row.key("path"), folder, row.source, row.line)
        except ValueError as error:
            self._unreadable.append(Skipped(row.source, row.line, "", str(error)))
        else:
            self._rows.setdefault(key, []).append(map_row)


def _is_map(head: Head) -> bool:
    return head.shape is Shape.TABLE and {"post_id", "path"} <= set(head.names)
