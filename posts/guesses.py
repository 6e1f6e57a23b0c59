"""Pictures that nothing but their file names gives to posts: a guess, which gives way to all else.

A file whose name begins with a post's id is that post's, where no map and no row names it, where
the name begins with no longer id of another post, and where no other post has the id. So a guess
waits until all posts are known.
"""

from collections.abc import Callable, Collection, Iterator, Set
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from frametrace.posts.model import Post, Skipped

__all__ = ["Guesses", "MediaFile", "is_named_by"]

Key = tuple[str, str]  # (platform, post_id)


@dataclass(frozen=True, slots=True)
class MediaFile:
    """Where one picture lies.

    `root` is an absolute folder or zip archive, `path` a relative POSIX path inside it.
    """

    root: str
    path: str

    @property
    def place(self) -> str:
        """The whole path: one file may be found from several roots."""
        return f"{self.root}/{self.path}"


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A post without pictures: files that may be its own, and what its row named in vain."""

    source: str
    line: int
    files: tuple[MediaFile, ...]
    in_vain: tuple[Skipped, ...]


@dataclass(slots=True)
class Guesses:
    """The posts that wait, and for each file the posts whose ids its name begins with."""

    _waiting: dict[Key, _Waiting] = field(default_factory=dict)
    _owners: dict[MediaFile, set[Key]] = field(default_factory=dict)

    def note(self, post: Post, files: Collection[MediaFile]) -> None:
        """Note whose id these files' names begin with, whether it gets them or not."""
        for file in files:
            self._owners.setdefault(file, set()).add((post.platform, post.post_id))

    def wait(self, post: Post, files: Collection[MediaFile], in_vain: Collection[Skipped]) -> None:
        """Let a post wait for some of these files."""
        waiting = _Waiting(post.source, post.line, tuple(files), tuple(in_vain))
        self._waiting.setdefault((post.platform, post.post_id), waiting)

    def resolved(
        self, claimed: Set[str], known: Callable[[Collection[str]], Collection[Key]]
    ) -> Iterator[tuple[Key, str, int, MediaFile | Skipped]]:
        """Give the posts that waited their files, or say why they have none; then forget them.

        Each with its key, its source and its line. `claimed` are the places of other posts' files;
        `known` gives the keys of the posts besides these that have one of some ids.
        """
        begun: dict[str, list[MediaFile]] = {}
        for file in self._owners:
            for begins in _ids_in(file.path):
                begun.setdefault(begins, []).append(file)
        for key in known(begun):
            for file in begun[key[1]]:
                self._owners[file].add(key)
        for key, post in self._waiting.items():
            found = [
                self._judged(key, post, file) for file in post.files if file.place not in claimed
            ]
            given = [one for one in found if isinstance(one, MediaFile)]
            told = [one for one in found if isinstance(one, Skipped)]
            in_vain = () if given else post.in_vain
            for file in given:
                yield key, post.source, post.line, file
            for one in (*told, *in_vain):
                yield key, post.source, post.line, one
        self._waiting, self._owners = {}, {}

    def _judged(self, key: Key, post: _Waiting, file: MediaFile) -> MediaFile | Skipped | None:
        owners = self._owners[file]
        longest = max(len(post_id) for _, post_id in owners)
        best = sorted(owner for owner in owners if len(owner[1]) == longest)
        if key not in best:
            return None
        if len(best) == 1:
            return file
        others = ", ".join("/".join(owner) for owner in best if owner != key)
        reason = f"its name begins with the id of {others} as well: a media map can say whose it is"
        return Skipped(post.source, post.line, file.path, reason)


def is_named_by(path: str, post_id: str) -> bool:
    """Whether a file's name is a post's id, or begins with it and goes on with a sign."""
    stem = PurePosixPath(path).stem
    return stem.startswith(post_id) and not stem[len(post_id) : len(post_id) + 1].isalnum()


def _ids_in(path: str) -> Iterator[str]:
    """Whatever a file's name may begin with that could be an id."""
    stem = PurePosixPath(path).stem
    for end in range(1, len(stem) + 1):
        if not stem[end : end + 1].isalnum():
            yield stem[:end]
