"""Files that posts claim on evidence which another post may take away, once all are known.

A row may name a path that is not in its own source's folder but in that of another source: one
export comes in several parts, or two exports have the same names inside. A list of downloads may
name a post by nothing but its id, which posts of other platforms have as well.
"""

from collections.abc import Callable, Collection, Iterator, Set
from dataclasses import dataclass, field
from pathlib import Path

from frametrace.posts.folders import printable
from frametrace.posts.guesses import Guess, Key
from frametrace.posts.model import MediaFile, Post, Skipped

__all__ = ["Borrowed", "Claims", "Listed"]


@dataclass(frozen=True, slots=True, eq=False)
class Borrowed:
    """A file in another source's folder that a row names; `source` is where the row's own is."""

    post: Post
    named: str
    file: MediaFile
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """A file that a list of downloads gives to a post by its id alone."""

    post: Post
    file: MediaFile
    listed: str


@dataclass(frozen=True, slots=True)
class _Claim:
    key: Key
    source: str
    line: int
    named: str
    file: MediaFile
    by: str  # the source that borrows, or the list

    @classmethod
    def of(cls, post: Post, named: str, file: MediaFile, by: str) -> "_Claim":
        key = post.platform, post.post_id
        return cls(key, post.source, post.line, named, file, by)

    def given(self, reason: str = "") -> Guess:
        """The file, or why the post doesn't have it."""
        told = Skipped(self.source, self.line, self.named, reason)
        return self.key, self.source, self.line, told if reason else self.file


@dataclass(slots=True)
class Claims:
    """Claims that wait until all posts are known."""

    _borrowed: list[_Claim] = field(default_factory=list)
    _listed: list[_Claim] = field(default_factory=list)
    _platforms: dict[str, set[str]] = field(default_factory=dict)  # of lists, by links in rows

    def __len__(self) -> int:
        return len(self._borrowed) + len(self._listed)

    def note(self, claim: Borrowed | Listed) -> None:
        """Note a claim."""
        if isinstance(claim, Borrowed):
            noted = _Claim.of(claim.post, claim.named, claim.file, claim.source)
            self._borrowed.append(noted)
        else:
            path = printable(claim.file.path)
            self._listed.append(_Claim.of(claim.post, path, claim.file, claim.listed))

    def show(self, listed: str, platform: str) -> None:
        """Note that a row of a platform names a link of a list."""
        self._platforms.setdefault(listed, set()).add(platform)

    def resolved(
        self, given: Set[str], known: Callable[[Collection[str]], Collection[Key]]
    ) -> Iterator[Guess]:
        """Give each claim its file, or say why it has none.

        `given` are the places of files that rows and maps gave to posts; `known` gives the keys of
        other posts that have one of some ids.
        """
        yield from self._resolved_borrowed(given)
        yield from self._resolved_listed(known)

    def _resolved_borrowed(self, given: Set[str]) -> Iterator[Guess]:
        sources: dict[str, set[str]] = {}
        for claim in self._borrowed:
            sources.setdefault(claim.file.place, set()).add(claim.by)
        for claim in self._borrowed:
            folder = printable(Path(claim.file.root).name)
            if claim.file.place in given:
                whose = f"in that of {folder} it is another post's"
                yield claim.given(f"is not in its own folder; {whose}")
            elif len(sources[claim.file.place]) > 1:
                whose = f"posts of several sources name that of {folder}"
                yield claim.given(f"is not in its own folder; {whose}")
            else:
                yield claim.given()

    def _resolved_listed(
        self, known: Callable[[Collection[str]], Collection[Key]]
    ) -> Iterator[Guess]:
        platforms: dict[str, set[str]] = {}
        for claim in self._listed:
            platforms.setdefault(claim.by, set()).add(claim.key[0])
        held: dict[str, set[str]] = {}
        for platform, post_id in known({claim.key[1] for claim in self._listed}):
            held.setdefault(post_id, set()).add(platform)
        for claim in self._listed:
            shown = self._platforms.get(claim.by, set())
            may_be = platforms[claim.by] | held.get(claim.key[1], set())
            if shown and claim.key[0] not in shown:
                of = " or ".join(sorted(shown))
                reason = f"4CAT lists it for a post of {of} with this id"
                yield claim.given(f"{reason}; the row doesn't name its link")
            elif not shown and len(may_be) > 1:
                reason = "4CAT lists it for a post with this id, which may be one of "
                yield claim.given(reason + " or of ".join(sorted(may_be)))
            else:
                yield claim.given()
