"""Which files are named after a post: the candidates for a guess, and where they may lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from frametrace.posts.media.guesses import LONG, begins_with_id, first_id_in, is_named_by
from frametrace.posts.media.path_lookup import name_of, several, usable
from frametrace.posts.media.search_roots import Searched
from frametrace.posts.model import ACCOUNT_NUMBER, Post, Skipped
from frametrace.posts.sources.containers import Base
from frametrace.posts.sources.paths import printable

__all__ = ["ById", "FilesById"]

_LATER = "its name holds another long number before the post's id: a media map can say whose it is"


@dataclass(frozen=True, slots=True)
class ById:
    """The numbers of the files that begin with a post's id, and of those those it may get.

    `doubts` tell why it doesn't get the others.
    """

    begun: Sequence[int]
    candidates: Sequence[int]
    doubts: Sequence[Skipped]


@dataclass(frozen=True, slots=True)
class FilesById:
    """Finds the files that are named after posts."""

    searched: Searched

    def of(self, post: Post, base: Base | None, unsure: set[str]) -> ById:
        """Those of a post; `unsure` are names of files that its row names and can't be told."""
        begun = self.begun(post, base)
        files = self.searched.index.files
        left = [at for at in begun if name_of(files[at][-1]) not in unsure]
        if max(map(len, post.ids)) < LONG:
            left, doubts = self._near(post, base, left)
        else:
            left, doubts = self._first(post, left)
        candidates = []
        for number in left:
            _, place, path = files[number]
            try:
                usable(place, path)
                candidates.append(number)
            except ValueError as error:
                doubts.append(Skipped(post.source, post.line, printable(path), str(error)))
        return ById(begun, candidates, [] if unsure else doubts)

    def begun(self, post: Post, base: Base | None) -> list[int]:
        """The numbers of the files that are named after a post.

        Many a source has a post 7: such a file lies where the post's own source does, or in a media
        folder.
        """
        index = self.searched.index
        begun = [
            number
            for each in post.ids
            for number in index.beginning(each)
            if is_named_by(index.files[number][-1], each)
            and (len(each) >= LONG or self.searched.is_free(index.file(number).place, base))
        ]
        inside = (index.by_long_id.get(each, ()) for each in post.ids if len(each) >= LONG)
        for number in chain.from_iterable(inside):
            if self._is_first(number, post) or not begins_with_id(index.files[number][-1]):
                begun.append(number)
        return begun

    def _is_first(self, number: int, post: Post) -> bool:
        """Whether nothing but its account's number comes before a post's id in a file's name.

        `<post>_<answered>.jpg` is not that of the post that is answered.
        """
        path = self.searched.index.files[number][-1]
        own = {*post.ids, post.account_id, post.extra.get(ACCOUNT_NUMBER)}
        return any(is_named_by(path, each) for each in post.ids) or first_id_in(path) in own

    def _first(self, post: Post, numbers: Sequence[int]) -> tuple[list[int], list[Skipped]]:
        """Those that have no other long number before the post's id; of the others why not."""
        first, doubts = [], []
        for number in numbers:
            if self._is_first(number, post):
                first.append(number)
            else:
                path = printable(self.searched.index.files[number][-1])
                doubts.append(Skipped(post.source, post.line, path, _LATER))
        return first, doubts

    def _near(
        self, post: Post, base: Base | None, numbers: Sequence[int]
    ) -> tuple[list[int], list[Skipped]]:
        """Those named by a short id that lie in the folder of the post's own source.

        Or else in another, as long as it is a single one.
        """
        index = self.searched.index
        folders: dict[str, list[int]] = {}
        for number in numbers:
            folders.setdefault(index.file(number).place.rpartition("/")[0], []).append(number)
        if base and base.at in folders:
            return folders[base.at], []
        if len(folders) < 2:
            return list(numbers), []
        found = several(Path(each).name for each in folders)
        name = printable(name_of(index.files[numbers[0]][-1], as_it_is=True))
        told = f"a file of this name {found}: a media map can say whose each is"
        return [], [Skipped(post.source, post.line, name, told)]
