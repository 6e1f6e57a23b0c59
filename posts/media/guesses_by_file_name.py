"""Guesses the files of a post by their names alone; any other evidence overrides a guess.

A file whose name begins with a post's id, or contains a long number that is one
(`lena_1690773347334800001_20240501.jpg`), belongs to that post if no media map and no row names the
file, if the name begins with no longer id of another post, and if no other post has the same id. So
guesses wait until all posts are known.
"""

from array import array
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from frametrace.posts.media.ids_in_file_names import (
    LONG_ID_DIGITS,
    begins_with_id,
    first_id_in,
    is_named_after,
    possible_ids_in,
)
from frametrace.posts.media.media_index import SearchRoots
from frametrace.posts.media.path_lookup import (
    checked_file,
    file_name,
    folded_file_name,
    in_several_folders,
)
from frametrace.posts.model import ACCOUNT_NUMBER, MediaFile, Post, Skipped
from frametrace.posts.sources.containers import SourceLocation
from frametrace.posts.sources.paths import printable
from frametrace.posts.sources.sibling_sources import AllSources

__all__ = ["FilesByPostId", "FilesOfPost", "Guesses", "PostKey", "Resolution"]

PostKey = tuple[str, str]  # (platform, post_id)
# The post's key, source and line, and the file that it gets or the reason that it gets none.
Resolution = tuple[PostKey, str, int, MediaFile | Skipped]

_BLOCK = 20_000  # files resolved at once
_USE_MAP = "a media map can say which post has it"
_UNREAD = f"may be named by an unreadable row in its folder: {_USE_MAP}"
_LATER_ID = f"its name has another long number before the post's id: {_USE_MAP}"


@dataclass(frozen=True, slots=True)
class FilesOfPost:
    """The numbers of the files named after a post, and the candidates among them that it may get.

    `doubts` are the reasons why it doesn't get the rest.
    """

    named_after: Sequence[int]
    candidates: Sequence[int]
    doubts: Sequence[Skipped]


@dataclass(frozen=True, slots=True)
class FilesByPostId:
    """Finds the files that are named after posts."""

    roots: SearchRoots

    def of(self, post: Post, location: SourceLocation | None, unsure: set[str]) -> FilesOfPost:
        """The files of a post; `unsure` are names of files that its row names ambiguously."""
        named_after = self.named_after(post, location)
        files = self.roots.index.files
        usable = [at for at in named_after if folded_file_name(files[at][-1]) not in unsure]
        if max(map(len, post.ids)) < LONG_ID_DIGITS:
            usable, doubts = self._in_one_folder(post, location, usable)
        else:
            usable, doubts = self._with_id_first(post, usable)
        candidates = []
        for number in usable:
            _, container, path = files[number]
            try:
                checked_file(container, path)
                candidates.append(number)
            except ValueError as error:
                doubts.append(Skipped(post.source, post.line, printable(path), str(error)))
        return FilesOfPost(named_after, candidates, [] if unsure else doubts)

    def named_after(self, post: Post, location: SourceLocation | None) -> list[int]:
        """The numbers of the files named after a post.

        Many sources have a post 7: a file with a short id must be in the folder of the post's
        source or in a media folder.
        """
        index = self.roots.index
        numbers = [
            number
            for post_id in post.ids
            for number in index.numbers_beginning_with(post_id)
            if is_named_after(index.files[number][-1], post_id)
            and (
                len(post_id) >= LONG_ID_DIGITS
                or self.roots.is_within_reach(index.file(number).full_path, location)
            )
        ]
        inside = (
            index.by_long_id.get(post_id, ())
            for post_id in post.ids
            if len(post_id) >= LONG_ID_DIGITS
        )
        for number in chain.from_iterable(inside):
            if self._has_id_first(number, post) or not begins_with_id(index.files[number][-1]):
                numbers.append(number)
        return numbers

    def _has_id_first(self, number: int, post: Post) -> bool:
        """Whether at most the account's number comes before the post's id in a file's name.

        `<post>_<answered post>.jpg` does not belong to the post that is answered.
        """
        path = self.roots.index.files[number][-1]
        own_ids = {*post.ids, post.account_id, post.extra.get(ACCOUNT_NUMBER)}
        is_named = any(is_named_after(path, post_id) for post_id in post.ids)
        return is_named or first_id_in(path) in own_ids

    def _with_id_first(self, post: Post, numbers: Sequence[int]) -> tuple[list[int], list[Skipped]]:
        """The files without another long number before the post's id; a doubt for each other."""
        usable, doubts = [], []
        for number in numbers:
            if self._has_id_first(number, post):
                usable.append(number)
            else:
                path = printable(self.roots.index.files[number][-1])
                doubts.append(Skipped(post.source, post.line, path, _LATER_ID))
        return usable, doubts

    def _in_one_folder(
        self, post: Post, location: SourceLocation | None, numbers: Sequence[int]
    ) -> tuple[list[int], list[Skipped]]:
        """The files with a short id in the folder of the post's source, or else in a single one."""
        index = self.roots.index
        folders: dict[str, list[int]] = {}
        for number in numbers:
            folder = index.file(number).full_path.rpartition("/")[0]
            folders.setdefault(folder, []).append(number)
        if location and location.folder_path in folders:
            return folders[location.folder_path], []
        if len(folders) < 2:
            return list(numbers), []
        several = in_several_folders(Path(folder).name for folder in folders)
        name = printable(file_name(index.files[numbers[0]][-1]))
        reason = f"a file of this name {several}: a media map can say which post has which"
        return [], [Skipped(post.source, post.line, name, reason)]


class Guesses:
    """Posts and the files named after them, which wait until all posts are known.

    Files are identified by their numbers in the index. A case may have a million posts and files,
    so both are stored by column: some 200 bytes a post.
    """

    def __init__(self) -> None:
        self._platforms: list[str] = []
        self._ids: list[str] = []
        self._sources: list[str] = []
        self._lines = array("q")
        self._waiting = bytearray()
        self._file, self._post = array("q"), array("q")  # a row for each file of each post
        self._not_found: dict[int, tuple[Skipped, ...]] = {}
        self._settled: set[PostKey] = set()
        self._folder: dict[int, str] = {}
        self._folders: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def note(
        self,
        post: Post,
        files: Sequence[int],
        not_found: Collection[Skipped] = (),
        *,
        waiting: bool = False,
        folder: str = "",
    ) -> None:
        """Add a post and the files named after it; it is `waiting` if it has no other picture.

        `not_found` is what its row names without a file: it is reported if the post gets no guess.
        `folder` is that of its source, if its id is short.
        """
        number = len(self._ids)
        self._platforms.append(post.platform)
        self._ids.append(post.post_id)
        self._sources.append(post.source)
        self._lines.append(post.line)
        self._waiting.append(waiting)
        self._file.extend(files)
        self._post.extend([number] * len(files))
        if folder:
            self._folder[number] = self._folders.setdefault(folder, folder)
        if not_found:
            self._not_found[number] = tuple(not_found)

    def settle(self, key: PostKey) -> None:
        """Stop a post from waiting: better evidence than a guess gave it a picture."""
        self._settled.add(key)

    def resolved(
        self,
        file_of: Callable[[int], MediaFile],
        taken: Set[str],
        posts_with_ids: Callable[[Collection[str]], Collection[PostKey]],
        sources: AllSources,
    ) -> Iterator[Resolution]:
        """Yield for each waiting post its files, or the reasons that it has none.

        `taken` are the full paths of other posts' files. `posts_with_ids` gives the keys of posts
        elsewhere that have one of some ids. `sources` knows what could not be read.
        """
        assigned = bytearray(len(self._ids))
        for posts_by_file in self._blocks():
            files = {at: file_of(at) for at in posts_by_file}
            elsewhere = _keys_in_names(files, posts_with_ids)
            lost = _keys_in_names(files, lambda ids: [("", id_) for id_ in sources.lost_ids(ids)])
            for at, numbers in posts_by_file.items():
                keys = {self._key(number) for number in numbers} | elsewhere.get(at, set())
                longest = max(len(post_id) for _, post_id in keys)
                # A lost row with a longer id may own the file, too.
                if files[at].full_path not in taken and not any(
                    len(post_id) > longest for _, post_id in lost.get(at, ())
                ):
                    owners = sorted(key for key in keys if len(key[1]) == longest)
                    yield from self._resolve_file(numbers, files[at], owners, sources, assigned)
        for number, not_found in self._not_found.items():
            if not assigned[number] and self._key(number) not in self._settled:
                for skipped in not_found:
                    yield self._key(number), skipped.source, skipped.line, skipped

    def _resolve_file(
        self,
        numbers: Sequence[int],
        file: MediaFile,
        owners: Sequence[PostKey],
        sources: AllSources,
        assigned: bytearray,
    ) -> Iterator[Resolution]:
        """Give a file to its waiting post if that is its one possible owner, or say why not."""
        waiting: dict[PostKey, int] = {}
        for number in numbers:
            if self._waiting[number] and self._key(number) not in self._settled:
                waiting.setdefault(self._key(number), number)
        for key, number in waiting.items():
            if key not in owners:
                continue
            source, line = self._sources[number], self._lines[number]
            if len(owners) > 1:
                yield key, source, line, _of_several_posts(file, key, owners, source, line)
            elif self._may_be_of_nearer_source(number, file, sources):
                yield key, source, line, Skipped(source, line, file.path, _UNREAD)
            else:
                assigned[number] = True
                yield key, source, line, file

    def _may_be_of_nearer_source(self, number: int, file: MediaFile, sources: AllSources) -> bool:
        """Whether another source with lost rows is nearer to a file than the post's own."""
        if (folder := self._folder.get(number)) is None:
            return False
        nearest = sources.nearest(file.full_path)
        return nearest not in {"", folder} and sources.has_lost_rows(nearest)

    def _key(self, number: int) -> PostKey:
        return self._platforms[number], self._ids[number]

    def _blocks(self) -> Iterator[dict[int, list[int]]]:
        """The posts that each file may belong to, for blocks of files in order."""
        file, post = (np.frombuffer(column, np.int64) for column in (self._file, self._post))
        order = np.argsort(file, kind="stable")
        first = np.flatnonzero(np.diff(file[order], prepend=-1))
        end = np.append(first[1:], len(order))
        for start in range(0, len(first), _BLOCK):
            rows = zip(first[start : start + _BLOCK], end[start : start + _BLOCK], strict=True)
            yield {int(file[order[a]]): post[order[a:b]].tolist() for a, b in rows}


def _of_several_posts(
    file: MediaFile, key: PostKey, owners: Sequence[PostKey], source: str, line: int
) -> Skipped:
    others = ", ".join("/".join(owner) for owner in owners if owner != key)
    reason = f"its name begins with the id of {others} as well: {_USE_MAP}"
    return Skipped(source, line, file.path, reason)


def _keys_in_names(
    files: dict[int, MediaFile],
    posts_with_ids: Callable[[Collection[str]], Collection[PostKey]],
) -> dict[int, set[PostKey]]:
    """The posts, of those that `posts_with_ids` knows, whose ids are in each file's name."""
    files_by_id: dict[str, list[int]] = {}
    for at, file in files.items():
        for post_id in possible_ids_in(file.path):
            files_by_id.setdefault(post_id, []).append(at)
    keys: dict[int, set[PostKey]] = {}
    for key in posts_with_ids(files_by_id):
        for at in files_by_id[key[1]]:
            keys.setdefault(at, set()).add(key)
    return keys
