"""Files that a row names by a path: at once where it is certain, else as a claim."""

from dataclasses import dataclass
from pathlib import Path

from frametrace.posts.media.claims import Named, Where
from frametrace.posts.media.link_names import is_distinct, stem_of
from frametrace.posts.media.path_lookup import (
    LEAVES,
    Ambiguous,
    beside,
    in_places,
    is_absolute,
    is_within,
    name_of,
    several,
    usable,
)
from frametrace.posts.media.search_roots import Searched
from frametrace.posts.model import MediaFile, Post
from frametrace.posts.sources.containers import Base, Place

__all__ = ["ABSENT", "NamedFiles"]

ABSENT = "is not in the media folders"
_NEXT = "--media FOLDER names the one that holds it"
_WHICH = "write the folder in the row, or which it is in a media map"

_Found = tuple[Place, str, str]  # where a file lies, and in which of the folders that were named


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """Finds paths of rows.

    A path is relative to the folder of its source or to a media folder. In a folder above its own,
    in that of another source, or deeper in what was named a file is only claimed.
    """

    searched: Searched

    def find(self, post: Post, named: str, base: Base | None) -> MediaFile | Named:
        """Find one. Raises ValueError with the reason, Ambiguous where several may be meant."""
        is_beside = base is not None and base.beside
        if is_absolute(named):
            name = name_of(named, as_it_is=True)
            if not is_beside and (found := self._by_name(post, name, base)):
                return found
            raise ValueError(f"{LEAVES}; {_NEXT}")
        if base and (file := beside(named, base.place, (base.own,))):
            is_shared = is_beside and self.searched.about.crowded(base.at)
            return Named(post, named, file, Where.CROWD, base.at) if is_shared else file
        if base and (found := self._above(post, named, base)):
            return found
        if file := in_places(named, self.searched.media):
            return file
        if not is_beside and (found := self._elsewhere(post, named, base)):
            return found
        raise ValueError(f"{ABSENT}; {_NEXT}")

    def _above(self, post: Post, named: str, base: Base) -> MediaFile | Named | None:
        """Find a path in the folders above its source's, as far as they were named."""
        for begin in base.above(named):
            if file := beside(named, base.place, (begin,)):
                leads_back = file.place.startswith(f"{base.at}/")
                if leads_back and self.searched.is_nearest(file.place, base):
                    return file
                folder = f"{base.whole}/{begin}".rstrip("/")
                return Named(post, named, file, Where.ABOVE, base.at, folder)
        return None

    def _elsewhere(self, post: Post, named: str, base: Base | None) -> MediaFile | Named | None:
        """Find a path in what else was named; a bare name that anybody may use is not lent."""
        at, sources = base.at if base else "", self.searched.sources
        around = [source for source in sources if base and is_within(base.place, source)]
        wider = [source for source in around if base and source != base.place]
        if file := in_places(named, wider):
            return Named(post, named, file, Where.ABOVE, at, file.root)
        others = [source for source in sources if source not in around]
        name = name_of(named, as_it_is=True)
        is_lent = name != named or is_distinct(stem_of(name))
        if is_lent and (file := in_places(named, others)):
            return Named(post, named, file, Where.LENT, at)
        return self._by_name(post, named, base)

    def _by_name(self, post: Post, named: str, base: Base | None) -> MediaFile | Named | None:
        """Find a path deeper in what was named, or in letters of another case: the only one.

        Raises ValueError, with the reason, where it must be left alone.
        """
        found = self._ending_with(named, base)
        begins = {base.at} if base else set()
        begins.update(str(each.path) for each in self.searched.media)
        wholes = {f"{begin}/{named}".replace("\\", "/").casefold() for begin in begins}
        spelled = [whole for whole in found if whole.casefold() in wholes]
        if len(spelled) == 1:
            place, path, _ = found[spelled[0]]
            return usable(place, path)
        if len(found) > 1:
            folders = several(Path(whole).parent.name for whole in found)
            raise Ambiguous(f"{folders}: {_WHICH}")
        for whole, (place, path, begin) in found.items():
            if self.searched.is_free(whole, base) or self.searched.is_nearest(whole, base):
                file = usable(place, path)
                return Named(post, named, file, Where.FOUND, base.at if base else "", begin)
        return None

    def _ending_with(self, named: str, base: Base | None) -> dict[str, _Found]:
        """The files in the media folders and around a source whose paths end with a path."""
        scope = [str(each.path) for each in self.searched.media]
        if base and base.place in self.searched.sources:
            scope.append(base.whole)
        found: dict[str, _Found] = {}
        for number in self.searched.index.called(named):
            _, place, path = self.searched.index.files[number]
            whole = f"{place.path}/{path}"
            if begin := next((each for each in scope if whole.startswith(f"{each}/")), ""):
                found[whole] = place, path, begin
        return found
