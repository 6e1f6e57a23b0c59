"""Finds which files are the pictures and videos of a post.

The first of these rules that gives a file wins, from certain to guessed:

1. a media map that users wrote (`media_map`);
2. the row itself (`row_files`): a path, a SHA-256 digest, a link that 4CAT's list of downloads
   has, or a post's id in that list, or a link whose name a file has. A file that another post may
   have a better right to is only claimed (`file_claims`);
3. a file name that begins with the post's id, or contains it: a guess (`guesses_by_file_name`).

Certain files are found post by post. Claims are resolved when all posts are known, guesses after
them. Nothing is ever downloaded, and no path leads out of its folder or archive.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path

from frametrace.posts.media.file_claims import Claims, DownloadClaim, PathClaim
from frametrace.posts.media.guesses_by_file_name import FilesByPostId, Guesses, PostKey, Resolution
from frametrace.posts.media.ids_in_file_names import LONG_ID_DIGITS
from frametrace.posts.media.link_names import LinkClaim, LinkClaims
from frametrace.posts.media.media_index import MediaIndex, SearchRoots
from frametrace.posts.media.media_map import MediaMap
from frametrace.posts.media.named_paths import NOT_FOUND
from frametrace.posts.media.path_lookup import find_in_containers, find_in_folders
from frametrace.posts.media.row_files import RowClaim, RowFiles
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.sources.containers import Folder, SourceLocation
from frametrace.posts.sources.media_files import is_video
from frametrace.posts.sources.sibling_sources import SiblingSources, account_hash

__all__ = ["MediaLibrary"]


class MediaLibrary:
    """Finds the pictures and videos of posts in folders and archives.

    `roots` are searched with all their subfolders and the archives in them; `maps` are media maps.
    The folders are listed once, when first needed. `counts_by_rule` counts the files that each
    rule (map, row, name) gave to a post. Raises SourceError for a root or a map that can't be
    opened.
    """

    def __init__(self, roots: Sequence[Path], maps: Sequence[Path] = ()) -> None:
        self._roots = SearchRoots(roots)
        self._rows = RowFiles(self._roots, self._note_list_platform)
        self._by_id = FilesByPostId(self._roots)
        self._map = MediaMap(maps)
        self._owners: dict[str, int] = {}  # account hashes by the full paths of posts' files
        self._guessed: set[str] = set()  # full paths
        self._contested: set[str] = set()  # full paths
        self._without_video: set[PostKey] = set()  # posts of which at most stills were found
        self._guesses = Guesses()
        self._link_claims = LinkClaims()
        self._claims = Claims()
        self.counts_by_rule: Counter[str] = Counter()

    def add_sources(
        self, *roots: Path, read: Collection[str] = (), siblings: Iterable[SiblingSources] = ()
    ) -> None:
        """Search sources of posts as well; call it before `find`.

        A file there belongs first to the posts of that source. `read` are the full paths of files
        that posts were read from, `siblings` the sources of each folder. Raises SourceError.
        """
        self._roots.read_files.update(read)
        self._roots.all_sources.add(siblings)
        self._roots.add_sources(roots)

    def find(
        self, post: Post, location: SourceLocation | None = None
    ) -> Iterator[MediaFile | Skipped]:
        """Yield the certain files of a post, and a Skipped for each that is not found.

        `location` is where the post's source is; paths in it are relative to that. A post
        without media yields nothing; one with a claim or a guess waits for `resolve_claims` or
        `resolve_guesses`.
        """
        if location and location.siblings:
            self._roots.all_sources.add((location.siblings,))
            self._roots.all_sources.note_post(location.folder_path, post)
        if not (post.media or self._has_media):
            return
        not_found: list[Skipped] = []
        unsure: set[str] = set()
        has_claims = False
        for rule, answers in (
            ("map", self._from_map(post)),
            ("row", self._rows.files(post, location, unsure)),
        ):
            distinct = tuple(dict.fromkeys(answers))
            files = [item for item in distinct if isinstance(item, MediaFile)]
            self._set_owner(post, files)
            self.counts_by_rule[rule] += len(files)
            has_claims = self._note_claims(distinct) or has_claims
            if files:
                yield from not_found
                yield from (item for item in distinct if isinstance(item, MediaFile | Skipped))
                if rule == "row":
                    yield from self._stills(post, location, unsure, files)
                if named_after := self._by_id.named_after(post, location):
                    self._guesses.note(post, named_after)
                return
            not_found += [item for item in distinct if isinstance(item, Skipped)]
        if post.stills:
            self._without_video.add((post.platform, post.post_id))
            yield from self._stills(post, location, unsure)
        yield from self._note_guess(post, location, unsure, not_found, has_claims)

    def _stills(
        self,
        post: Post,
        location: SourceLocation | None,
        unsure: set[str],
        known: Collection[MediaFile] = (),
    ) -> Sequence[MediaFile]:
        """The certain files of a post's stills that are not `known`; the rest is not reported."""
        distinct = dict.fromkeys(self._rows.stills(post, location, unsure))
        files = [item for item in distinct if isinstance(item, MediaFile) and item not in known]
        self._set_owner(post, files)
        self.counts_by_rule["row"] += len(files)
        self._note_claims(distinct)
        return files

    def _note_guess(
        self,
        post: Post,
        location: SourceLocation | None,
        unsure: set[str],
        not_found: Sequence[Skipped],
        has_claims: bool,
    ) -> Iterator[Skipped]:
        """Let a post without a certain file wait for a guess, or say what was not found."""
        by_id = self._by_id.of(post, location, unsure)
        if by_id.candidates != by_id.named_after:
            # The rest can't belong to a post with a shorter id either.
            self._guesses.note(post, by_id.named_after)
        if by_id.candidates:
            has_short_id = location and len(post.post_id) < LONG_ID_DIGITS
            folder = location.folder_path if location and has_short_id else ""
            self._guesses.note(post, by_id.candidates, not_found, waiting=True, folder=folder)
        else:
            yield from not_found
        if not has_claims:
            yield from by_id.doubts

    def _set_owner(self, post: Post, files: Iterable[MediaFile]) -> None:
        """Record that a map or a row gave files to a post."""
        account = account_hash(post)
        for file in files:
            if self._owners.setdefault(file.full_path, account) != account:
                self._owners[file.full_path] = 0

    def _note_list_platform(self, list_path: str, platform: str) -> None:
        self._claims.note_list_platform(list_path, platform)

    def _note_claims(self, answers: Iterable[MediaFile | Skipped | RowClaim]) -> bool:
        """Keep the claims until all posts are known; returns whether there were any."""
        has_claims = False
        for item in answers:
            if isinstance(item, LinkClaim):
                self._link_claims.note(item)
                has_claims = True
            elif isinstance(item, PathClaim | DownloadClaim):
                self._claims.note(item)
                has_claims = True
        return has_claims

    @property
    def has_pending(self) -> bool:
        """Whether claims or guesses wait to be resolved."""
        return bool(self._guesses or self._link_claims or self._claims)

    def resolve_own_claims(self) -> Iterator[Resolution]:
        """Resolve the claims on files in the sources' own containers, after `find` for all posts.

        These are files in folders above the source's, and in folders that several chats share.
        """
        for resolution in self._claims.resolve_own(self._owners, self._roots.all_sources):
            self._record(resolution)
            yield resolution

    def resolve_claims(
        self, posts_with_ids: Callable[[Collection[str]], Collection[PostKey]]
    ) -> Iterator[Resolution]:
        """Resolve all claims: first the own ones, then those that are weaker.

        Weaker are names of links, files in another source's folder or found by their names alone,
        and lists of downloads: another post, perhaps added on another day, may have a better right.
        `posts_with_ids` gives the keys of other posts that have one of some ids.
        """
        yield from self.resolve_own_claims()
        links, self._link_claims = self._link_claims, LinkClaims()
        claims, self._claims = self._claims, Claims()
        by_links = links.resolved(self._index.by_name)
        by_rows = claims.resolve(self._owners, self._roots.all_sources, posts_with_ids)
        for resolution in chain(by_links, by_rows):
            self._record(resolution)
            yield resolution
        self._contested |= claims.contested

    def _record(self, resolution: Resolution) -> None:
        key, _, _, file = resolution
        if isinstance(file, MediaFile):
            self.counts_by_rule["row"] += 1
            self._owners[file.full_path] = 0
            if key not in self._without_video or is_video(file.path):
                self._guesses.settle(key)

    def resolve_guesses(
        self, posts_with_ids: Callable[[Collection[str]], Collection[PostKey]]
    ) -> Iterator[Resolution]:
        """Resolve all claims, then the guesses of the posts that still have no file."""
        yield from self.resolve_claims(posts_with_ids)
        guesses, self._guesses = self._guesses, Guesses()
        taken = self._owners.keys() | self._contested if self._contested else self._owners.keys()
        sources = self._roots.all_sources
        for resolution in guesses.resolved(self._index.file, taken, posts_with_ids, sources):
            if isinstance(resolution[-1], MediaFile):
                self.counts_by_rule["name"] += 1
                self._guessed.add(resolution[-1].full_path)
            yield resolution

    def unassigned(self) -> Iterator[MediaFile]:
        """The files in the media folders that belong to no post."""
        for file in map(self._index.file, range(len(self._index))):
            if file.full_path not in self._owners and file.full_path not in self._guessed:
                yield file

    def unrequested_posts(self) -> set[str]:
        """The ids of posts that media maps name and that `find` was not called for."""
        return self._map.unrequested_posts()

    def unused_entries(self, known: Collection[tuple[str, str]] = ()) -> Iterator[Skipped]:
        """Report lines of media maps without their post, and damaged archives.

        `known` posts (platform, post_id) exist, though `find` was not called for them.
        """
        yield from self._map.unused_entries(known)
        yield from self._index.damaged

    def _from_map(self, post: Post) -> Iterator[MediaFile | Skipped]:
        containers = (*self._roots.media, *self._roots.sources)
        for row in self._map.rows_of(post):
            try:
                file = find_in_folders(row.path, Folder(row.folder), ("",))
                file = file or find_in_containers(row.path, containers)
                yield file or row.skipped(f"the media map names a file that {NOT_FOUND}")
            except ValueError as error:
                yield row.skipped(f"the media map names a file that {error}")

    @property
    def other_files(self) -> Counter[str]:
        """Counts of the other files in the media folders, by their suffix."""
        return self._index.other_files

    @property
    def _index(self) -> MediaIndex:
        return self._roots.index

    @cached_property
    def _has_media(self) -> bool:
        """Whether there is any media file, or any line of a media map."""
        return bool(self._index or self._map)
