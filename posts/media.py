"""Which files a post's pictures are.

Three rules, of which the first that gives a file wins: an explicit media map, what the row itself
says, and the names of files that begin with the post's id (`<post_id>-<anything>.jpg`), which is a
guess (see `guesses`). The links of a row are looked up in what 4CAT lists of its downloads, which
also names posts, and then among the files' names (see `link_names`). Nothing is ever downloaded,
and no path leads out of its folder or archive.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path

from frametrace.posts.claims import Borrowed, Claims, Listed
from frametrace.posts.downloads import Download, names_link
from frametrace.posts.folders import printable
from frametrace.posts.guesses import LONG, Guess, Guesses, Key, is_named_by
from frametrace.posts.link_names import LinkNames, Waiting, link_name
from frametrace.posts.lookup import beside, in_places, is_within, usable
from frametrace.posts.maps import MediaMap
from frametrace.posts.media_index import MediaIndex
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.roots import Base, Folder, Place, open_root

__all__ = ["MediaLibrary"]

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_ABSENT = "is not in the media folders"

# What Telegram Desktop writes in a file's place: "(File not included. Change data exporting …".
_LEFT_OUT = "(File "

_Said = MediaFile | Waiting | Borrowed | Listed | Skipped  # what a row says of its pictures


class MediaLibrary:
    """Finds the pictures of posts in folders and zip archives.

    `roots` are searched with all their subfolders and the zip archives in them; `maps` are media
    maps. The folders are listed once, when first needed. Raises SourceError for a root or a map
    that can't be opened.
    """

    def __init__(self, roots: Sequence[Path], maps: Sequence[Path] = ()) -> None:
        self._media = _opened(roots)
        self._sources: tuple[Place, ...] = ()
        self._read: set[str] = set()
        self._map = MediaMap(maps)
        self._given: set[str] = set()  # places of files, by maps and rows
        self._guessed: set[str] = set()
        self._guesses = Guesses()
        self._links = LinkNames()
        self._claims = Claims()
        self.joined: Counter[str] = Counter()  # pictures by the rule that gave them to a post

    def search(self, *roots: Path, read: Collection[str] = ()) -> None:
        """Search these sources of posts as well, before anything was looked for.

        What lies there belongs to their own posts first. `read` are places of files that were read
        for their posts. Raises SourceError.
        """
        self._read.update(read)
        self._sources = tuple(dict.fromkeys((*self._sources, *_opened(roots))))

    def find(self, post: Post, base: Base | None = None) -> Iterator[MediaFile | Skipped]:
        """Give the files of a post's pictures, and a Skipped for each that it names in vain.

        `base` is where the post's source lies, which paths in it are relative to. A post that
        names no picture and has none gives nothing; one that files may be named after, or after
        its links, waits for `guessed`.
        """
        if not (post.media or self._offers):
            return
        named, unusable = self._named(post, base)
        in_vain: list[Skipped] = []
        for rule, found in (("map", self._mapped(post)), ("row", self._in_row(post, base))):
            every = tuple(dict.fromkeys(found))
            items = [item for item in every if isinstance(item, MediaFile | Skipped)]
            files = [item for item in items if isinstance(item, MediaFile)]
            self._given.update(file.place for file in files)
            self.joined[rule] += len(files)
            for item in every:
                if isinstance(item, Waiting):
                    self._links.note(item)
                elif isinstance(item, Borrowed | Listed):
                    self._claims.note(item)
            if files or not named:
                yield from items
            else:
                in_vain += (item for item in items if isinstance(item, Skipped))
            if files:
                break
        else:
            yield from unusable
        if named:
            self._guesses.note(post, named, in_vain, waits=not files)

    @property
    def waits(self) -> bool:
        """Whether `guessed` has anything to say."""
        return bool(self._guesses or self._links or self._claims)

    def claimed(self, known: Callable[[Collection[str]], Collection[Key]]) -> Iterator[Guess]:
        """Once `find` was asked for all posts: what their rows said that had to wait.

        Names of links, files in another source's folder, lists of downloads: one file may well be
        that of several posts. `known` gives the keys of other posts that have one of some ids.
        """
        links, self._links = self._links, LinkNames()
        claims, self._claims = self._claims, Claims()
        by_rows = frozenset(self._given)
        for row in chain(links.resolved(self._index.by_stem), claims.resolved(by_rows, known)):
            if isinstance(row[-1], MediaFile):
                self.joined["row"] += 1
                self._given.add(row[-1].place)
                self._guesses.settle(row[0])
            yield row

    def guessed(self, known: Callable[[Collection[str]], Collection[Key]]) -> Iterator[Guess]:
        """The same, and then what nothing but files' names gives to those that still wait."""
        yield from self.claimed(known)
        guesses, self._guesses = self._guesses, Guesses()
        for row in guesses.resolved(self._index.file, self._given, known):
            if isinstance(row[-1], MediaFile):
                self.joined["name"] += 1
                self._guessed.add(row[-1].place)
            yield row

    def unowned(self) -> Iterator[MediaFile]:
        """The pictures of the media folders that `find` and `guessed` gave to no post."""
        given = self._given | self._guessed
        for file in map(self._index.file, range(len(self._index))):
            if file.place not in given:
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
                file = file or in_places(row.path, (*self._media, *self._sources))
                yield file or row.skipped(f"the media map names a file that {_ABSENT}")
            except ValueError as error:
                yield row.skipped(f"the media map names a file that {error}")

    def _named(self, post: Post, base: Base | None) -> tuple[list[int], list[Skipped]]:
        """The numbers of the files that are named after a post, and those that can't be used."""
        numbers, unusable = [], []
        begun = (
            (id, number)
            for id in post.ids
            for number in self._index.beginning(id)
            if is_named_by(self._index.files[number][-1], id)
        )
        held = ((id, number) for id in post.ids for number in self._index.by_long_id.get(id, ()))
        for id, number in (*begun, *held):
            _, place, path = self._index.files[number]
            if len(id) < LONG and self._is_anothers(place, base):
                continue  # many a source has a post 7
            try:
                usable(place, path)
                numbers.append(number)
            except ValueError as error:
                unusable.append(Skipped(post.source, post.line, printable(path), str(error)))
        return numbers, unusable

    def _is_anothers(self, place: Place, base: Base | None) -> bool:
        """Whether a place is a source of posts alone, and not the one that `base` lies in."""
        return not any(is_within(place, media) for media in self._media) and any(
            is_within(place, source) and not (base and is_within(base.place, source))
            for source in self._sources
        )

    def _in_row(self, post: Post, base: Base | None) -> Iterator[_Said]:
        for named in post.media:
            try:
                yield from self._said(post, named, base)
            except ValueError as error:
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

    def _said(self, post: Post, named: str, base: Base | None) -> Iterator[MediaFile | Borrowed]:
        if "://" in named or named.startswith(_LEFT_OUT):
            found = self._index.downloads.of_link(named)
            if not found:
                raise ValueError("not downloaded")
            for download in found:
                self._claims.show(download.listed, post.platform)
            yield from map(_file_in, found)
        elif not _SHA256.fullmatch(named):
            yield self._by_path(post, named, base)
        else:
            yield self._by_sha256(named)

    def _by_path(self, post: Post, named: str, base: Base | None) -> MediaFile | Borrowed:
        """Find a relative path. Raises ValueError with the reason.

        It is relative to the folder of its source, or to one above it that was named as well, or to
        a media folder. In the folder of another source it is only borrowed.
        """
        if base and (file := beside(named, base.place, base.folders(named))):
            return file
        around = [source for source in self._sources if base and is_within(base.place, source)]
        wider = [source for source in around if base and source != base.place]
        if file := in_places(named, (*wider, *self._media)):
            return file
        others = [source for source in self._sources if source not in around]
        if file := in_places(named, others):
            return Borrowed(post, named, file, str(base.place.path) if base else post.source)
        raise ValueError(_ABSENT)

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

    @cached_property
    def _index(self) -> MediaIndex:
        return MediaIndex(tuple(dict.fromkeys((*self._media, *self._sources))), self._read)

    @cached_property
    def _offers(self) -> bool:
        """Whether there is a picture or a line of a map at all, for whatever post."""
        return bool(self._index or self._map)


def _opened(roots: Sequence[Path]) -> tuple[Place, ...]:
    """Open folders and archives. Raises SourceError."""
    places = tuple(dict.fromkeys(map(open_root, roots)))
    for place in places:
        place.paths()  # an archive that can't be opened shows it here
    return places


def _file_in(found: Download) -> MediaFile:
    """The file that was downloaded. Raises ValueError, with the reason, where there is none."""
    if file := beside(found.path, found.place, ("",)):
        return file
    raise ValueError(_ABSENT)
