"""Which pictures posts would get, by which rule, without adding them."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from frametrace.app.inspection.findings import PictureFound, PicturesFound
from frametrace.app.inspection.first_rows import Seen
from frametrace.app.inspection.reasons import Reasons
from frametrace.posts.errors import DecodeError
from frametrace.posts.media.guesses import PostKey
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.media.picture_bytes import read_media
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.sources.paths import printable

__all__ = ["Joined", "Pictures", "absent", "shown"]

_SUCH_AS = 3
_LARGEST = 2**25  # bytes of a picture whose sides are read
# Whose sides stand in their first bytes, which are read without native code.
_PLAIN_FORMATS = ("JPEG", "PNG", "GIF", "BMP")
_RULES = ("map", "row", "name")


@dataclass(slots=True)
class Joined:
    """The pictures of one post, and what it names in vain."""

    files: list[tuple[MediaFile, str]] = field(default_factory=list)
    absent: list[Skipped] = field(default_factory=list)


@dataclass(slots=True)
class Pictures:
    """Joins pictures to the posts of all sources; those that are shown are kept by their place."""

    library: MediaLibrary
    _absent: Reasons = field(default_factory=Reasons)
    _waiting: dict[tuple[PostKey, str, int], Joined] = field(default_factory=dict)

    def of(self, seen: Seen) -> Joined:
        """What the media maps and the row itself give to a post."""
        joined = Joined()
        before = self.library.counts_by_rule["map"]
        found = list(self.library.find(seen.post, seen.location))
        rule = "map" if self.library.counts_by_rule["map"] > before else "row"
        for file in found:
            self._add(joined, file, rule)
        return joined

    def wait_for(self, post: Post, joined: Joined) -> None:
        """Have a post get what the names of files give to it in the end."""
        self._waiting[(post.platform, post.post_id), post.source, post.line] = joined

    def guess(self) -> None:
        """Look at the names of files, once all posts were seen."""
        before = self.library.counts_by_rule["row"]
        for key, source, line, file in self.library.resolve_guesses(lambda ids: ()):
            rule = "row" if self.library.counts_by_rule["row"] > before else "name"
            before = self.library.counts_by_rule["row"]
            self._add(self._waiting.get((key, source, line), Joined()), file, rule)

    def found(self) -> PicturesFound:
        """What to say of all of them."""
        unowned = [file.path for file in self.library.unassigned()]
        unused, closed = Reasons(), Reasons()
        for told in self.library.unused_entries():
            (unused if told.line else closed).note(told, named=True)
        return PicturesFound(
            {rule: self.library.counts_by_rule[rule] for rule in _RULES},
            tuple(self._absent.found()),
            len(unowned),
            tuple(unowned[:_SUCH_AS]),
            dict(self.library.other_files.most_common()),
            tuple(unused.found()),
            tuple(closed.found()),
        )

    def _add(self, joined: Joined, file: MediaFile | Skipped, rule: str) -> None:
        if isinstance(file, Skipped):
            self._absent.note(file, named=True)
            joined.absent.append(file)
        else:
            joined.files.append((file, rule))


def shown(joined: Joined, most: int) -> Iterator[PictureFound]:
    """The pictures of a post that is shown, with their sides."""
    for file, rule in islice(joined.files, most):
        yield PictureFound(printable(file.path), rule, _pixels(file))


def absent(joined: Joined, most: int) -> Iterable[str]:
    """What a post that is shown names in vain, each with the reason."""
    return [f"{told.item}: {told.reason}" for told in joined.absent[:most]]


def _pixels(file: MediaFile) -> str:
    """The sides of a picture; empty where they are not to be had cheaply."""
    import warnings

    from PIL import Image

    try:
        data = read_media(file.root, file.path, _LARGEST)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_PLAIN_FORMATS) as picture:
                width, height = picture.size
    except DecodeError:
        return ""
    except Exception:  # what headers of hostile files make Pillow raise has no end
        return ""
    return f"{width:,} × {height:,}"
