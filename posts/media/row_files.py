"""Finds the files that a row says its post has: by a path, a SHA-256 digest, a link or a list.

The list is the one that 4CAT writes of its downloads: it has links and ids of posts.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from frametrace.posts.media.file_claims import DownloadClaim, PathClaim
from frametrace.posts.media.fourcat_downloads import Download, row_has_link
from frametrace.posts.media.link_names import LinkClaim, file_of_link
from frametrace.posts.media.media_index import SearchRoots
from frametrace.posts.media.named_paths import NOT_FOUND, NamedPaths
from frametrace.posts.media.path_lookup import (
    AmbiguousPath,
    checked_file,
    find_in_folders,
    folded_file_name,
)
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.sources.containers import SourceLocation
from frametrace.posts.sources.paths import printable

__all__ = ["RowClaim", "RowFiles"]

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")

# Telegram Desktop writes this instead of a path: "(File not included. Change data exporting …".
_NOT_EXPORTED = "(File "

RowClaim = LinkClaim | PathClaim | DownloadClaim
_Answer = MediaFile | Skipped | RowClaim


@dataclass(frozen=True, slots=True)
class RowFiles:
    """Finds what rows name in the folders that are searched.

    `note_list_platform` is called with the path of a list of downloads and the platform of a post
    whose row has a link in it.
    """

    roots: SearchRoots
    note_list_platform: Callable[[str, str], None]

    def files(
        self, post: Post, location: SourceLocation | None, unsure: set[str]
    ) -> Iterator[_Answer]:
        """The files that a row names and those in lists, or the reasons why there are none.

        Stills are left out. Names that may mean several files are added to `unsure`.
        """
        for named in post.media:
            yield from self._answers(post, named, location, unsure)
        for download in self.roots.index.downloads.of_post(post.post_id):
            if download.url in post.stills:
                continue
            try:
                file = _downloaded_file(download)
            except ValueError as error:
                yield Skipped(post.source, post.line, printable(download.path), str(error))
            else:
                is_certain = row_has_link(post, download.url)
                yield file if is_certain else DownloadClaim(post, file, download.list_path)

    def stills(
        self, post: Post, location: SourceLocation | None, unsure: set[str]
    ) -> Iterator[_Answer]:
        """The same for the stills of the post's videos, without those in lists by its id."""
        for named in post.stills:
            yield from self._answers(post, named, location, unsure)

    def _answers(
        self, post: Post, named: str, location: SourceLocation | None, unsure: set[str]
    ) -> Iterator[_Answer]:
        """The files of one name, a claim by a link's name, or the reason why there is none."""
        try:
            yield from self._named(post, named, location)
        except ValueError as error:
            if isinstance(error, AmbiguousPath):
                unsure.add(folded_file_name(named))
            if "://" in named and (name := file_of_link(named)) in self.roots.index.by_name:
                yield LinkClaim(post, named, name)
            else:
                yield Skipped(post.source, post.line, named, str(error))

    def _named(
        self, post: Post, named: str, location: SourceLocation | None
    ) -> Iterator[MediaFile | PathClaim]:
        """Find what a row names: a link, a SHA-256 digest or a path. Raises ValueError."""
        if "://" in named or named.startswith(_NOT_EXPORTED):
            downloads = self.roots.index.downloads.of_link(named)
            if not downloads:
                raise ValueError("not downloaded")
            for download in downloads:
                self.note_list_platform(download.list_path, post.platform)
            yield from map(_downloaded_file, downloads)
        elif not _SHA256.fullmatch(named):
            yield NamedPaths(self.roots).find(post, named, location)
        else:
            yield self._with_digest(named)

    def _with_digest(self, digest: str) -> MediaFile:
        index = self.roots.index
        for spelled in (digest.lower(), digest.upper()):
            for number in index.numbers_beginning_with(spelled):
                stem, container, path = index.files[number]
                if stem == spelled:
                    return checked_file(container, path)
        raise ValueError("no media file has this SHA-256 as its name")


def _downloaded_file(download: Download) -> MediaFile:
    """The file that was downloaded. Raises ValueError, with the reason, if it is missing."""
    if file := find_in_folders(download.path, download.container, ("",)):
        return file
    raise ValueError(NOT_FOUND)
