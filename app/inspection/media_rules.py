"""Joins files to inspected posts, and records by which rule: media map, row or file name."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from frametrace.app.inspection.findings import MediaSummary, Reasons, ShownFile
from frametrace.app.inspection.first_rows import SampledPost
from frametrace.posts.media.guesses_by_file_name import PostKey
from frametrace.posts.media.identify_picture import read_media
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.sources.media_files import is_video
from frametrace.posts.sources.paths import printable

__all__ = ["JoinedFiles", "MediaJoins", "absent", "shown"]

_MAX_EXAMPLES = 3
_MAX_BYTES = 2**25  # of a picture whose size is read
# Their headers are read without native code.
_PLAIN_FORMATS = ("JPEG", "PNG", "GIF", "BMP")
_RULES = ("map", "row", "name")


@dataclass(slots=True)
class JoinedFiles:
    """The files of one post, and those that it names but are missing."""

    files: list[tuple[MediaFile, str]] = field(default_factory=list)
    absent: list[Skipped] = field(default_factory=list)


@dataclass(slots=True)
class MediaJoins:
    """Joins files to the posts of all sources; file names may add more to posts at the end."""

    library: MediaLibrary
    _absent: Reasons = field(default_factory=Reasons)
    _waiting: dict[tuple[PostKey, str, int], JoinedFiles] = field(default_factory=dict)

    def of(self, seen: SampledPost) -> JoinedFiles:
        """The files of a post by media maps and by its row."""
        joined = JoinedFiles()
        before = self.library.counts_by_rule["map"]
        files = list(self.library.find(seen.post, seen.location))
        rule = "map" if self.library.counts_by_rule["map"] > before else "row"
        for file in files:
            self._add(joined, file, rule)
        return joined

    def wait_for(self, post: Post, joined: JoinedFiles) -> None:
        """Let `guess` add files to a post that is shown."""
        self._waiting[(post.platform, post.post_id), post.source, post.line] = joined

    def guess(self) -> None:
        """Join files by their names, once all posts were read."""
        before = self.library.counts_by_rule["row"]
        for key, source, line, file in self.library.resolve_guesses(lambda ids: ()):
            rule = "row" if self.library.counts_by_rule["row"] > before else "name"
            before = self.library.counts_by_rule["row"]
            self._add(self._waiting.get((key, source, line), JoinedFiles()), file, rule)

    def summary(self) -> MediaSummary:
        """The counts and reasons for all files."""
        unowned = [file.path for file in self.library.unassigned()]
        unused, closed = Reasons(), Reasons()
        for skipped in self.library.unused_entries():
            (unused if skipped.line else closed).note(skipped, named=True)
        return MediaSummary(
            {rule: self.library.counts_by_rule[rule] for rule in _RULES},
            tuple(self._absent.ranked()),
            len(unowned),
            tuple(unowned[:_MAX_EXAMPLES]),
            dict(self.library.other_files.most_common()),
            tuple(unused.ranked()),
            tuple(closed.ranked()),
        )

    def _add(self, joined: JoinedFiles, file: MediaFile | Skipped, rule: str) -> None:
        if isinstance(file, Skipped):
            self._absent.note(file, named=True)
            joined.absent.append(file)
        else:
            joined.files.append((file, rule))


def shown(joined: JoinedFiles, limit: int) -> Iterator[ShownFile]:
    """The first files of a post, with the sizes of pictures."""
    for file, rule in islice(joined.files, limit):
        yield ShownFile(printable(file.path), rule, _pixels(file))


def absent(joined: JoinedFiles, limit: int) -> Iterable[str]:
    """The first files that a post names but are missing, each with the reason."""
    return [f"{skipped.item}: {skipped.reason}" for skipped in joined.absent[:limit]]


def _pixels(file: MediaFile) -> str:
    """The width and height of a picture; empty for a video, or if its header doesn't say."""
    import warnings

    from PIL import Image

    if is_video(file.path):
        return ""
    try:
        data = read_media(file.root, file.path, _MAX_BYTES)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_PLAIN_FORMATS) as picture:
                width, height = picture.size
    except Exception:  # a file that is gone; hostile headers make Pillow raise almost anything
        return ""
    return f"{width:,} × {height:,}"
