"""Finds the files that rows name by a path: certain ones immediately, uncertain ones as claims.

The search goes from certain to uncertain: the folder of the row's own source, the folders above it,
the media folders, the other folders that users named, and last any file whose path ends that way.
"""

from dataclasses import dataclass
from pathlib import Path

from frametrace.posts.media.file_claims import ClaimKind, PathClaim
from frametrace.posts.media.link_names import is_distinctive, stem_of
from frametrace.posts.media.media_index import SearchRoots
from frametrace.posts.media.path_lookup import (
    ESCAPES,
    AmbiguousPath,
    checked_file,
    file_name,
    find_in_containers,
    find_in_folders,
    in_several_folders,
    is_absolute,
    is_within,
)
from frametrace.posts.model import MediaFile, Post
from frametrace.posts.sources.containers import Container, SourceLocation

__all__ = ["NOT_FOUND", "NamedPaths"]

NOT_FOUND = "is not in the media folders"
_NAME_FOLDER = "--media FOLDER names the one that holds it"
_SAY_WHICH = "write the folder in the row, or name the file in a media map"

_Match = tuple[Container, str, str]  # container, path inside it, the searched folder around it


@dataclass(frozen=True, slots=True)
class NamedPaths:
    """Finds the files that rows name by paths."""

    roots: SearchRoots

    def find(
        self, post: Post, named: str, location: SourceLocation | None
    ) -> MediaFile | PathClaim:
        """Find the file at a path that the row of `post` names.

        Raises ValueError with the reason, AmbiguousPath if several files may be meant.
        """
        own_folder_only = location is not None and location.own_folder_only
        if is_absolute(named):
            name = file_name(named)
            if not own_folder_only and (match := self._ending_with(post, name, location)):
                return match
            raise ValueError(f"{ESCAPES}; {_NAME_FOLDER}")
        if location and (file := find_in_folders(named, location.container, (location.prefix,))):
            folder = location.folder_path
            if own_folder_only and self.roots.all_sources.has_several_chats(folder):
                return PathClaim(post, named, file, ClaimKind.SHARED_BY_CHATS, folder)
            return file
        if location and (match := self._above(post, named, location)):
            return match
        if file := find_in_containers(named, self.roots.media):
            return file
        if not own_folder_only and (match := self._elsewhere(post, named, location)):
            return match
        raise ValueError(f"{NOT_FOUND}; {_NAME_FOLDER}")

    def _above(
        self, post: Post, named: str, location: SourceLocation
    ) -> MediaFile | PathClaim | None:
        """Find a path in the folders above its source's, up to the one that users named."""
        for prefix in location.prefixes_above(named):
            if file := find_in_folders(named, location.container, (prefix,)):
                leads_back = file.full_path.startswith(f"{location.folder_path}/")
                if leads_back and self.roots.is_nearest(file.full_path, location):
                    return file
                parent = f"{location.container_path}/{prefix}".rstrip("/")
                folder = location.folder_path
                return PathClaim(post, named, file, ClaimKind.FOLDER_ABOVE, folder, parent)
        return None

    def _elsewhere(
        self, post: Post, named: str, location: SourceLocation | None
    ) -> MediaFile | PathClaim | None:
        """Find a path in other folders that users named.

        Another source's folder counts only for a path with folders or a distinctive name.
        """
        folder, sources = location.folder_path if location else "", self.roots.sources
        enclosing = [root for root in sources if location and is_within(location.container, root)]
        wider = [root for root in enclosing if location and root != location.container]
        if file := find_in_containers(named, wider):
            return PathClaim(post, named, file, ClaimKind.FOLDER_ABOVE, folder, file.root)
        name = file_name(named)
        others = [root for root in sources if root not in enclosing]
        is_specific = name != named or is_distinctive(stem_of(name))
        if is_specific and (file := find_in_containers(named, others)):
            return PathClaim(post, named, file, ClaimKind.OTHER_SOURCE, folder)
        return self._ending_with(post, named, location)

    def _ending_with(
        self, post: Post, named: str, location: SourceLocation | None
    ) -> MediaFile | PathClaim | None:
        """Find the only file, at any depth and in upper or lower case, whose path ends that way.

        Raises ValueError, with the reason, if there are several or the file must not be used.
        """
        matches = self._matches(named, location)
        folders = {location.folder_path} if location else set()
        folders.update(str(root.path) for root in self.roots.media)
        expected = {f"{folder}/{named}".replace("\\", "/").casefold() for folder in folders}
        same_but_case = [path for path in matches if path.casefold() in expected]
        if len(same_but_case) == 1:
            container, path, _ = matches[same_but_case[0]]
            return checked_file(container, path)
        if len(matches) > 1:
            several = in_several_folders(Path(full_path).parent.name for full_path in matches)
            raise AmbiguousPath(f"{several}: {_SAY_WHICH}")
        for full_path, (container, path, search_folder) in matches.items():
            if self.roots.is_within_reach(full_path, location) or self.roots.is_nearest(
                full_path, location
            ):
                file = checked_file(container, path)
                folder = location.folder_path if location else ""
                return PathClaim(post, named, file, ClaimKind.BY_NAME, folder, search_folder)
        return None

    def _matches(self, named: str, location: SourceLocation | None) -> dict[str, _Match]:
        """The files in the media folders and the source's container that end in `named`."""
        scope = [str(root.path) for root in self.roots.media]
        if location and location.container in self.roots.sources:
            scope.append(location.container_path)
        matches: dict[str, _Match] = {}
        for number in self.roots.index.numbers_ending_with(named):
            _, container, path = self.roots.index.files[number]
            full_path = f"{container.path}/{path}"
            searched = (folder for folder in scope if full_path.startswith(f"{folder}/"))
            if search_folder := next(searched, ""):
                matches[full_path] = container, path, search_folder
        return matches
