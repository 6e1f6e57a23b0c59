"""Files that posts claim on evidence which another post may take away, once all are known.

A row may name a path that is not in its own source's folder but in one above it, in that of another
source (one export comes in several parts, or two exports have the same names inside), or anywhere
in what was named. A list of downloads may name a post by nothing but its id, which posts of other
platforms have as well.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from frametrace.posts.media.guesses import Guess, Key
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.sources.paths import printable
from frametrace.posts.sources.sibling_sources import Sources, account_of

__all__ = ["Claims", "Listed", "Named", "Where"]


class Where(Enum):
    """Where a file lies that a row names."""

    CROWD = "in its own folder, where several chats lie"
    ABOVE = "in a folder above its own"
    LENT = "in another source's folder"
    FOUND = "anywhere, by its name alone"


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A file that a row names, outside its own folder; `at` is where the row's source lies.

    `begin` is the folder, of those above, which the path that is named begins in.
    """

    post: Post
    named: str
    file: MediaFile
    where: Where
    at: str
    begin: str = ""

    @property
    def by(self) -> str:
        """Who claims it: all that lie in one folder are one, but chats."""
        return f"{self.at}\0{self.post.source}" if self.where is Where.CROWD else self.at

    @property
    def account(self) -> int:
        """The account whose posts may share it, in an export of one's own data; or none."""
        return account_of(self.post) if self.where is Where.ABOVE else 0


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
    by: str  # the folder, the chat, or the list
    account: int = 0
    where: Where = Where.LENT
    at: str = ""
    begin: str = ""

    @classmethod
    def of(cls, found: Named) -> "_Claim":
        post = found.post
        key = post.platform, post.post_id
        what = key, post.source, post.line, found.named, found.file, found.by
        return cls(*what, found.account, found.where, found.at, found.begin)

    @classmethod
    def by_list(cls, found: Listed) -> "_Claim":
        post = found.post
        key = post.platform, post.post_id
        named = printable(found.file.path)
        return cls(key, post.source, post.line, named, found.file, found.listed)

    def given(self, reason: str = "") -> Guess:
        """The file, or why the post doesn't have it."""
        told = Skipped(self.source, self.line, self.named, reason)
        return self.key, self.source, self.line, told if reason else self.file


@dataclass(slots=True)
class Claims:
    """Claims that wait until all posts are known; `contested` are the files that nobody got."""

    _own: list[_Claim] = field(default_factory=list)  # within what the source itself lies in
    _named: list[_Claim] = field(default_factory=list)
    _listed: list[_Claim] = field(default_factory=list)
    _platforms: dict[str, set[str]] = field(default_factory=dict)  # of lists, by links in rows
    contested: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self._own) + len(self._named) + len(self._listed)

    def note(self, claim: Named | Listed) -> None:
        """Note a claim."""
        if isinstance(claim, Named):
            is_own = claim.where in {Where.CROWD, Where.ABOVE}
            (self._own if is_own else self._named).append(_Claim.of(claim))
        else:
            self._listed.append(_Claim.by_list(claim))

    def show(self, listed: str, platform: str) -> None:
        """Note that a row of a platform names a link of a list."""
        self._platforms.setdefault(listed, set()).add(platform)

    def own(self, given: Mapping[str, int], sources: Sources) -> Iterator[Guess]:
        """The same as `resolved`, of files in folders above a source and of several chats."""
        claims, self._own = self._own, []
        yield from self._resolved_named(claims, given, sources)

    def resolved(
        self,
        given: Mapping[str, int],
        sources: Sources,
        known: Callable[[Collection[str]], Collection[Key]],
    ) -> Iterator[Guess]:
        """Give each claim its file, or say why it has none.

        `given` are the places of files that rows and maps gave to posts, each with their account;
        `known` gives the keys of other posts that have one of some ids.
        """
        yield from self._resolved_named(self._named, given, sources)
        yield from self._resolved_listed(known)

    def _resolved_named(
        self, named: Collection[_Claim], given: Mapping[str, int], sources: Sources
    ) -> Iterator[Guess]:
        rivals: dict[str, list[_Claim]] = {}
        for claim in named:
            rivals.setdefault(claim.file.place, []).append(claim)
        lost = sources.above_lost_tables()
        disputed = {place for place, claims in rivals.items() if _differ(claims)}
        owners = {place: given.get(place) for place in rivals}
        for claim in named:
            place = claim.file.place
            folder = printable(Path(claim.file.root).name)
            is_shared = claim.account != 0 and owners[place] == claim.account
            if owners[place] is not None and not is_shared:
                reason = f"in that of {folder} it is another post's"
            elif place in disputed:
                reason = f"posts of several sources name that of {folder}"
            else:
                reason = _objection(claim, sources, lost)
            if reason:
                self.contested.add(place)
            own = "is not its own alone" if claim.where is Where.CROWD else _NOT_BESIDE
            yield claim.given(f"{own}; {reason}" if reason else "")

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


_NOT_BESIDE = "is not in its own folder"
_BY_MAP = "a media map can say whose it is"


def _differ(claims: Collection[_Claim]) -> bool:
    """Whether different posts of different sources claim a file, and not of one account."""
    accounts = {claim.account for claim in claims}
    one_account = len(accounts) == 1 and 0 not in accounts
    several = len({claim.by for claim in claims}) > 1 and len({c.key for c in claims}) > 1
    return several and not one_account


def _objection(claim: _Claim, sources: Sources, lost: Mapping[str, set[str]]) -> str:
    """What speaks against a claim that no other post disputes; empty if nothing does."""
    if claim.where is Where.LENT:
        if sources.lost_rows_in(claim.file.root):
            folder = printable(Path(claim.file.root).name)
            return f"rows of {folder} are unread, which may name it: {_BY_MAP}"
        return ""
    if claim.where is Where.CROWD:
        return "rows of a chat are unread" if sources.lost_rows(claim.at) else ""
    nearest = sources.nearest(claim.file.place)
    if nearest not in {"", claim.at} and sources.objects(nearest, claim.account):
        folder = printable(Path(nearest).name)
        return f"it may be that of the posts in {folder}, which are nearer: {_BY_MAP}"
    if lost.get(claim.begin, set()) - {claim.at}:
        return f"rows of another table are unread, which may name it: {_BY_MAP}"
    return ""
