"""Resolves claims: named files that another post may have a better right to.

A row may name a path that is not in the folder of its own source, but in a folder above it, in that
of another source (one export comes in several parts, or two exports have files of the same name),
or anywhere in what users named. 4CAT's list of downloads may name a post by its id alone, and posts
of other platforms may have the same id. Claims are resolved when all posts are known.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from frametrace.posts.media.guesses_by_file_name import PostKey, Resolution
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.sources.paths import printable
from frametrace.posts.sources.sibling_sources import AllSources, account_hash

__all__ = ["ClaimKind", "Claims", "DownloadClaim", "PathClaim"]

_NOT_OWN_FOLDER = "is not in its own folder"
_USE_MAP = "a media map can say which post has it"


class ClaimKind(Enum):
    """Where the file is that a row names."""

    SHARED_BY_CHATS = "in its own folder, which several chats share"
    FOLDER_ABOVE = "in a folder above its own"
    OTHER_SOURCE = "in another source's folder"
    BY_NAME = "anywhere, by its name alone"


@dataclass(frozen=True, slots=True, eq=False)
class PathClaim:
    """A file that a row names by a path, and that is not certainly its own.

    `folder` is that of the row's source. `search_folder` is the folder, above the source's or of
    those that users named, that the path starts from.
    """

    post: Post
    named: str
    file: MediaFile
    kind: ClaimKind
    folder: str
    search_folder: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class DownloadClaim:
    """A file that the list of downloads at `list_path` gives to a post by its id alone."""

    post: Post
    file: MediaFile
    list_path: str


@dataclass(frozen=True, slots=True)
class _Claim:
    """A claim without its post, to save memory; `claimant` is the folder, the chat or the list."""

    key: PostKey
    source: str
    line: int
    named: str
    file: MediaFile
    claimant: str
    account: int = 0  # the account whose posts may share the file; 0: none
    kind: ClaimKind = ClaimKind.OTHER_SOURCE
    folder: str = ""
    search_folder: str = ""

    @classmethod
    def by_path(cls, claim: PathClaim) -> "_Claim":
        post, kind = claim.post, claim.kind
        is_chat = kind is ClaimKind.SHARED_BY_CHATS
        return cls(
            key=(post.platform, post.post_id),
            source=post.source,
            line=post.line,
            named=claim.named,
            file=claim.file,
            claimant=f"{claim.folder}\0{post.source}" if is_chat else claim.folder,
            account=account_hash(post) if kind is ClaimKind.FOLDER_ABOVE else 0,
            kind=kind,
            folder=claim.folder,
            search_folder=claim.search_folder,
        )

    @classmethod
    def by_list(cls, claim: DownloadClaim) -> "_Claim":
        post = claim.post
        key = post.platform, post.post_id
        named = printable(claim.file.path)
        return cls(key, post.source, post.line, named, claim.file, claim.list_path)

    def resolution(self, reason: str = "") -> Resolution:
        """The file, or the `reason` that the post doesn't get it."""
        skipped = Skipped(self.source, self.line, self.named, reason)
        return self.key, self.source, self.line, skipped if reason else self.file


@dataclass(slots=True)
class Claims:
    """Claims that wait until all posts are known; `contested` are the files that no post got."""

    _own: list[_Claim] = field(default_factory=list)  # inside the source's own container
    _by_path: list[_Claim] = field(default_factory=list)
    _by_list: list[_Claim] = field(default_factory=list)
    _list_platforms: dict[str, set[str]] = field(default_factory=dict)  # by links in rows
    contested: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self._own) + len(self._by_path) + len(self._by_list)

    def note(self, claim: PathClaim | DownloadClaim) -> None:
        """Add a claim."""
        if isinstance(claim, PathClaim):
            is_own = claim.kind in {ClaimKind.SHARED_BY_CHATS, ClaimKind.FOLDER_ABOVE}
            (self._own if is_own else self._by_path).append(_Claim.by_path(claim))
        else:
            self._by_list.append(_Claim.by_list(claim))

    def note_list_platform(self, list_path: str, platform: str) -> None:
        """Record that a row of a platform has a link in a list of downloads."""
        self._list_platforms.setdefault(list_path, set()).add(platform)

    def resolve_own(self, owners: Mapping[str, int], sources: AllSources) -> Iterator[Resolution]:
        """Resolve the claims inside the sources' own containers; see `resolve`."""
        claims, self._own = self._own, []
        yield from self._resolve_paths(claims, owners, sources)

    def resolve(
        self,
        owners: Mapping[str, int],
        sources: AllSources,
        posts_with_ids: Callable[[Collection[str]], Collection[PostKey]],
    ) -> Iterator[Resolution]:
        """Yield for each claim its file, or the reason that its post doesn't get it.

        `owners` has the full paths of files that rows and maps gave to posts, with the hash of
        their account (0 if posts of several have one). `posts_with_ids` gives the keys of posts
        elsewhere that have one of some ids.
        """
        yield from self._resolve_paths(self._by_path, owners, sources)
        yield from self._resolve_lists(posts_with_ids)

    def _resolve_paths(
        self, claims: Collection[_Claim], owners: Mapping[str, int], sources: AllSources
    ) -> Iterator[Resolution]:
        rivals: dict[str, list[_Claim]] = {}
        for claim in claims:
            rivals.setdefault(claim.file.full_path, []).append(claim)
        lost_tables = sources.parents_of_lost_tables()
        disputed = {path for path, rival in rivals.items() if _are_disputed(rival)}
        owner_of = {path: owners.get(path) for path in rivals}  # before any claim is granted
        for claim in claims:
            path = claim.file.full_path
            root = printable(Path(claim.file.root).name)
            is_shared = claim.account != 0 and owner_of[path] == claim.account
            if owner_of[path] is not None and not is_shared:
                reason = f"in {root} it belongs to another post"
            elif path in disputed:
                reason = f"posts of several sources name the one in {root}"
            else:
                reason = _objection(claim, sources, lost_tables)
            if reason:
                self.contested.add(path)
            is_chat = claim.kind is ClaimKind.SHARED_BY_CHATS
            prefix = "several chats share its folder" if is_chat else _NOT_OWN_FOLDER
            yield claim.resolution(f"{prefix}; {reason}" if reason else "")

    def _resolve_lists(
        self, posts_with_ids: Callable[[Collection[str]], Collection[PostKey]]
    ) -> Iterator[Resolution]:
        claiming: dict[str, set[str]] = {}  # platforms of the posts that claim, by list
        for claim in self._by_list:
            claiming.setdefault(claim.claimant, set()).add(claim.key[0])
        elsewhere: dict[str, set[str]] = {}  # platforms of posts elsewhere, by id
        for platform, post_id in posts_with_ids({claim.key[1] for claim in self._by_list}):
            elsewhere.setdefault(post_id, set()).add(platform)
        for claim in self._by_list:
            known = self._list_platforms.get(claim.claimant, set())
            possible = claiming[claim.claimant] | elsewhere.get(claim.key[1], set())
            if known and claim.key[0] not in known:
                platforms = " or ".join(sorted(known))
                reason = f"4CAT lists it for a post of {platforms} with this id"
                yield claim.resolution(f"{reason}; the row doesn't name its link")
            elif not known and len(possible) > 1:
                reason = "4CAT lists it for a post with this id, which may be one of "
                yield claim.resolution(reason + " or of ".join(sorted(possible)))
            else:
                yield claim.resolution()


def _are_disputed(claims: Collection[_Claim]) -> bool:
    """Whether different posts of different sources claim a file, and not of one account."""
    accounts = {claim.account for claim in claims}
    is_one_account = len(accounts) == 1 and 0 not in accounts
    claimants, keys = {claim.claimant for claim in claims}, {claim.key for claim in claims}
    return len(claimants) > 1 and len(keys) > 1 and not is_one_account


def _objection(claim: _Claim, sources: AllSources, lost_tables: Mapping[str, set[str]]) -> str:
    """The reason against a claim that no other post disputes; empty if there is none.

    `lost_tables` are the folders of tables with lost rows, by the folders above them.
    """
    if claim.kind is ClaimKind.OTHER_SOURCE:
        if sources.has_lost_rows_under(claim.file.root):
            root = printable(Path(claim.file.root).name)
            return f"unreadable rows of {root} may name it: {_USE_MAP}"
        return ""
    if claim.kind is ClaimKind.SHARED_BY_CHATS:
        return "rows of a chat can't be read" if sources.has_lost_rows(claim.folder) else ""
    nearest = sources.nearest(claim.file.full_path)
    if nearest not in {"", claim.folder} and sources.may_own(nearest, claim.account):
        folder = printable(Path(nearest).name)
        return f"it may belong to the posts in {folder}, which are nearer: {_USE_MAP}"
    if lost_tables.get(claim.search_folder, set()) - {claim.folder}:
        return f"unreadable rows of another table may name it: {_USE_MAP}"
    return ""
