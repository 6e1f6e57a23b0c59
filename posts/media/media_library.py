"""Which files a post's pictures are.

Three rules, of which the first that gives a file wins: an explicit media map, what the row itself
says, and the names of files that begin with the post's id (`<post_id>-<anything>.jpg`), which is a
guess (see `guesses`). The links of a row are looked up in what 4CAT lists of its downloads, which
also names posts, and then among the files' names (see `link_names`). Nothing is ever downloaded,
and no path leads out of its folder or archive.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path

from frametrace.posts.media.claims import Claims, Listed, Named
from frametrace.posts.media.fourcat_downloads import Download, names_link
from frametrace.posts.media.guesses import LONG, Guess, Guesses, Key
from frametrace.posts.media.ids_in_file_names import FilesById
from frametrace.posts.media.link_names import LinkNames, Waiting, link_name
from frametrace.posts.media.media_index import MediaIndex
from frametrace.posts.media.media_map import MediaMap
from frametrace.posts.media.named_paths import ABSENT, NamedFiles
from frametrace.posts.media.path_lookup import Ambiguous, beside, in_places, name_of, usable
from frametrace.posts.media.search_roots import Searched
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.sources.containers import Base, Folder
from frametrace.posts.sources.paths import printable
from frametrace.posts.sources.sibling_sources import Neighbours, account_of

__all__ = ["MediaLibrary"]

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")

# What Telegram Desktop writes in a file's place: "(File not included. Change data exporting …".
_LEFT_OUT = "(File "

_Said = MediaFile | Waiting | Named | Listed | Skipped  # what a row says of its pictures


class MediaLibrary:
    """Finds the pictures of posts in folders and zip archives.

    `roots` are searched with all their subfolders and the zip archives in them; `maps` are media
    maps. The folders are listed once, when first needed. Raises SourceError for a root or a map
    that can't be opened.
    """

    def __init__(self, roots: Sequence[Path], maps: Sequence[Path] = ()) -> None:
        self._searched = Searched(roots)
        self._by_path, self._by_id = NamedFiles(self._searched), FilesById(self._searched)
        self._map = MediaMap(maps)
        self._given: dict[str, int] = {}  # places of files, by maps and rows, with their accounts
        self._guessed: set[str] = set()
        self._contested: set[str] = set()
        self._guesses = Guesses()
        self._links = LinkNames()
        self._claims = Claims()
        self.joined: Counter[str] = Counter()  # pictures by the rule that gave them to a post

    def search(
        self, *roots: Path, read: Collection[str] = (), around: Iterable[Neighbours] = ()
    ) -> None:
        """Search these sources of posts as well, before anything was looked for.

        What lies there belongs to their own posts first. `read` are places of files that were read
        for their posts, `around` is where these lie. Raises SourceError.
        """
        self._searched.read.update(read)
        self._searched.about.know(around)
        self._searched.add(roots)

    def find(self, post: Post, base: Base | None = None) -> Iterator[MediaFile | Skipped]:
        """Give the files of a post's pictures, and a Skipped for each that it names in vain.

        `base` is where the post's source lies, which paths in it are relative to. A post that
        names no picture and has none gives nothing; one that files may be named after, or after
        its links, waits for `guessed`.
        """
        if base and base.around:
            self._searched.about.know((base.around,))
            self._searched.about.note(base.at, post)
        if not (post.media or self._offers):
            return
        in_vain: list[Skipped] = []
        unsure: set[str] = set()
        waits = False
        for rule, found in (
            ("map", self._mapped(post)),
            ("row", self._in_row(post, base, unsure)),
        ):
            every = tuple(dict.fromkeys(found))
            files = [item for item in every if isinstance(item, MediaFile)]
            self._give(post, files)
            self.joined[rule] += len(files)
            waits = self._note_claims(every) or waits
            told = [item for item in every if isinstance(item, Skipped)]
            if files:
                yield from in_vain
                yield from (item for item in every if isinstance(item, MediaFile | Skipped))
                if begun := self._by_id.begun(post, base):
                    self._guesses.note(post, begun)
                return
            in_vain += told
        named = self._by_id.of(post, base, unsure)
        if named.candidates != named.begun:
            self._guesses.note(post, named.begun)  # nor are they those of a post with a shorter id
        if named.candidates:
            at = base.at if base and len(post.post_id) < LONG else ""
            self._guesses.note(post, named.candidates, in_vain, waits=True, at=at)
        else:
            yield from in_vain
        if not waits:
            yield from named.doubts

    def _give(self, post: Post, files: Iterable[MediaFile]) -> None:
        """Note files that a map or a row gives to a post."""
        account = account_of(post)
        for file in files:
            if self._given.setdefault(file.place, account) != account:
                self._given[file.place] = 0

    def _note_claims(self, said: Iterable[_Said]) -> bool:
        """Note what has to wait until all posts are known; whether there was any."""
        waits = False
        for item in said:
            if isinstance(item, Waiting):
                self._links.note(item)
                waits = True
            elif isinstance(item, Named | Listed):
                self._claims.note(item)
                waits = True
        return waits

    @property
    def waits(self) -> bool:
        """Whether `guessed` has anything to say."""
        return bool(self._guesses or self._links or self._claims)

    def named(self) -> Iterator[Guess]:
        """Once `find` was asked for all posts: what their rows said that had to wait.

        Files in folders above their source's, and in one where several chats lie.
        """
        for row in self._claims.own(self._given, self._searched.about):
            self._settle(row)
            yield row

    def claimed(self, known: Callable[[Collection[str]], Collection[Key]]) -> Iterator[Guess]:
        """The same, and then what may well be another post's, perhaps of another day.

        Names of links, files in another source's folder or found by their names alone, lists of
        downloads. `known` gives the keys of other posts that have one of some ids.
        """
        yield from self.named()
        links, self._links = self._links, LinkNames()
        claims, self._claims = self._claims, Claims()
        by_names = links.resolved(self._index.by_stem)
        for row in chain(by_names, claims.resolved(self._given, self._searched.about, known)):
            self._settle(row)
            yield row
        self._contested |= claims.contested

    def _settle(self, row: Guess) -> None:
        if isinstance(row[-1], MediaFile):
            self.joined["row"] += 1
            self._given[row[-1].place] = 0
            self._guesses.settle(row[0])

    def guessed(self, known: Callable[[Collection[str]], Collection[Key]]) -> Iterator[Guess]:
        """The same, and then what nothing but files' names gives to those that still wait."""
        yield from self.claimed(known)
        guesses, self._guesses = self._guesses, Guesses()
        claimed = self._given.keys() | self._contested if self._contested else self._given.keys()
        for row in guesses.resolved(self._index.file, claimed, known, self._searched.about):
            if isinstance(row[-1], MediaFile):
                self.joined["name"] += 1
                self._guessed.add(row[-1].place)
            yield row

    def unowned(self) -> Iterator[MediaFile]:
        """The pictures of the media folders that `find` and `guessed` gave to no post."""
        for file in map(self._index.file, range(len(self._index))):
            if file.place not in self._given and file.place not in self._guessed:
                yield file

    def unasked(self) -> set[str]:
        """The ids of posts that media maps name and `find` was not asked for."""
        return self._map.unasked()

    def unused(self, known: Collection[tuple[str, str]] = ()) -> Iterator[Skipped]:
        """Give what was of no use: lines of media maps without their post, damaged archives.

        `known` posts (platform, post_id) are there, though `find` was not asked for them.
        """
        yield from self._map.unused(known)
        yield from self._index.damaged

    def _mapped(self, post: Post) -> Iterator[MediaFile | Skipped]:
        for row in self._map.rows_of(post):
            try:
                file = beside(row.path, Folder(row.folder), ("",))
                file = file or in_places(row.path, (*self._searched.media, *self._searched.sources))
                yield file or row.skipped(f"the media map names a file that {ABSENT}")
            except ValueError as error:
                yield row.skipped(f"the media map names a file that {error}")

    def _in_row(self, post: Post, base: Base | None, unsure: set[str]) -> Iterator[_Said]:
        for named in post.media:
            try:
                yield from self._said(post, named, base)
            except ValueError as error:
                if isinstance(error, Ambiguous):
                    unsure.add(name_of(named))
                if (name := link_name(named)) in self._index.by_stem and "://" in named:
                    yield Waiting(post, named, name)
                else:
                    yield Skipped(post.source, post.line, named, str(error))
        for found in self._index.downloads.of_post(post.post_id):
            try:
                file = _file_in(found)
            except ValueError as error:
                yield Skipped(post.source, post.line, printable(found.path), str(error))
            else:
                yield file if names_link(post, found.url) else Listed(post, file, found.listed)

    def _said(self, post: Post, named: str, base: Base | None) -> Iterator[MediaFile | Named]:
        if "://" in named or named.startswith(_LEFT_OUT):
            found = self._index.downloads.of_link(named)
            if not found:
                raise ValueError("not downloaded")
            for download in found:
                self._claims.show(download.listed, post.platform)
            yield from map(_file_in, found)
        elif not _SHA256.fullmatch(named):
            yield self._by_path.find(post, named, base)
        else:
            yield self._by_sha256(named)

    def _by_sha256(self, named: str) -> MediaFile:
        for spelled in (named.lower(), named.upper()):
            for number in self._index.beginning(spelled):
                stem, place, path = self._index.files[number]
                if stem == spelled:
                    return usable(place, path)
        raise ValueError("no media file is named by this SHA-256")

    @property
    def aside(self) -> Counter[str]:
        """Files of the media folders that aren't pictures, by their suffix."""
        return self._index.aside

    @property
    def _index(self) -> MediaIndex:
        return self._searched.index

    @cached_property
    def _offers(self) -> bool:
        """Whether there is a picture or a line of a map at all, for whatever post."""
        return bool(self._index or self._map)


def _file_in(found: Download) -> MediaFile:
    """The file that was downloaded. Raises ValueError, with the reason, where there is none."""
    if file := beside(found.path, found.place, ("",)):
        return file
    raise ValueError(ABSENT)
