"""What is searched for pictures: media folders, and the folders and archives of sources."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from frametrace.posts.media.media_index import MediaIndex
from frametrace.posts.sources.containers import Base, Place, open_root
from frametrace.posts.sources.sibling_sources import Sources

__all__ = ["Searched"]


class Searched:
    """The places that were named, and what lies in them. Raises SourceError."""

    def __init__(self, media: Sequence[Path]) -> None:
        self.media = _opened(media)
        self.sources: tuple[Place, ...] = ()
        self.about = Sources()
        self.read: set[str] = set()  # places of files that were read for their posts

    def add(self, sources: Iterable[Path]) -> None:
        """Search sources as well, before the index is first asked for. Raises SourceError."""
        self.sources = tuple(dict.fromkeys((*self.sources, *_opened(sources))))

    @cached_property
    def index(self) -> MediaIndex:
        """The pictures in all of them."""
        return MediaIndex(tuple(dict.fromkeys((*self.media, *self.sources))), self.read)

    def is_nearest(self, place: str, base: Base | None) -> bool:
        """Whether no other source lies nearer to a file than that of `base`."""
        return self.about.nearest(place) in {"", base.at if base else ""}

    def is_free(self, place: str, base: Base | None) -> bool:
        """Whether a file lies in a source's own folder or in a media folder, and no other's.

        A media folder that was named is there for all sources, even where one lies around it.
        """
        media = [f"{each.path}/" for each in self.media if place.startswith(f"{each.path}/")]
        if not media and not (base and place.startswith(f"{base.at}/")):
            return False
        if self.is_nearest(place, base):
            return True
        nearest = f"{self.about.nearest(place)}/"
        return any(each.startswith(nearest) for each in media)


def _opened(roots: Iterable[Path]) -> tuple[Place, ...]:
    places = tuple(dict.fromkeys(map(open_root, roots)))
    for place in places:
        place.paths()  # an archive that can't be opened shows it here
    return places
