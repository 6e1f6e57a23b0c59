"""Tracks the folders of sources, and which of their rows were lost.

A picture that no row names by its whole path belongs to the source nearest to it, provided that all
rows of that source were read: a lost row may be the one that names the picture.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from frametrace.posts.model import Post, Skipped

__all__ = ["AllSources", "SiblingSources", "account_hash"]

_MAX_LOST_IDS = 100_000


@dataclass(slots=True, eq=False)
class SiblingSources:
    """The sources in one folder or archive (or a single file), by their folders inside it.

    `container_path` is its absolute path. `folders` has the folders of all sources, `table_folders`
    those of tables. `chat_counts` counts the chats in each folder: their rows name files beside
    them. `unread_folders` are the folders in which something could not be read, `lost_ids` the
    possible ids of lost rows; both grow while rows are read.
    """

    container_path: str
    folders: frozenset[str] = frozenset()
    table_folders: frozenset[str] = frozenset()
    chat_counts: Counter[str] = field(default_factory=Counter)
    unread_folders: set[str] = field(default_factory=set)
    lost_ids: set[str] = field(default_factory=set)

    def note_skipped(self, folder: str, skipped: Skipped) -> None:
        """Record something that could not be read of a source in `folder`."""
        if not skipped.kept:
            self.unread_folders.add(folder)
            if len(self.lost_ids) < _MAX_LOST_IDS:
                self.lost_ids.update(skipped.ids)

    def full_path(self, folder: str) -> str:
        """The absolute path of a folder inside the container."""
        return f"{self.container_path}/{folder}" if folder not in {"", "."} else self.container_path


@dataclass(slots=True)
class AllSources:
    """All sources that are added together, by their absolute folders."""

    _siblings: dict[int, SiblingSources] = field(default_factory=dict)
    _by_folder: dict[str, list[tuple[SiblingSources, str]]] = field(default_factory=dict)
    _accounts: dict[str, int] = field(default_factory=dict)  # of a folder's posts; 0: several

    def add(self, groups: Iterable[SiblingSources]) -> None:
        """Add the sources of some folders or archives, each only once."""
        for siblings in groups:
            if id(siblings) not in self._siblings:
                self._siblings[id(siblings)] = siblings
                for folder in siblings.folders:
                    path = siblings.full_path(folder)
                    self._by_folder.setdefault(path, []).append((siblings, folder))

    def note_post(self, folder: str, post: Post) -> None:
        """Record the account of a post whose source is in `folder`."""
        account = account_hash(post)
        if self._accounts.setdefault(folder, account) != account:
            self._accounts[folder] = 0

    def nearest(self, path: str) -> str:
        """The deepest source folder that contains a file; empty if there is none."""
        return next((folder for folder in _parents(path) if folder in self._by_folder), "")

    def has_lost_rows(self, folder: str) -> bool:
        """Whether anything in the sources of a folder could not be read."""
        return any(
            name in siblings.unread_folders for siblings, name in self._by_folder.get(folder, ())
        )

    def has_lost_rows_under(self, root: str) -> bool:
        """Whether anything in the folder or archive at `root` could not be read."""
        return any(
            siblings.unread_folders
            for siblings in self._siblings.values()
            if siblings.container_path == root
        )

    def parents_of_lost_tables(self) -> dict[str, set[str]]:
        """The folders above tables with lost rows, each with up to two of those tables' folders."""
        tables_below: dict[str, set[str]] = {}
        for siblings in self._siblings.values():
            for table in map(siblings.full_path, siblings.unread_folders & siblings.table_folders):
                for folder in (table, *_parents(table)):
                    tables = tables_below.setdefault(folder, set())
                    if len(tables) < 2:
                        tables.add(table)
        return tables_below

    def may_own(self, folder: str, account: int) -> bool:
        """Whether a folder's sources have lost rows, or posts of an account other than this."""
        return self.has_lost_rows(folder) or self._accounts.get(folder, account) != account

    def has_several_chats(self, folder: str) -> bool:
        """Whether several chats share a folder; they may use the same file names."""
        chats = (siblings.chat_counts[name] for siblings, name in self._by_folder.get(folder, ()))
        return sum(chats) > 1

    def lost_ids(self, ids: Collection[str]) -> set[str]:
        """Those of `ids` that a lost row may have had."""
        return set[str]().union(
            *(siblings.lost_ids.intersection(ids) for siblings in self._siblings.values())
        )


def account_hash(post: Post) -> int:
    """A number for a post's account, never 0; it takes less memory than the account's name."""
    return hash((post.platform, post.account_id)) or 1


def _parents(path: str) -> Iterator[str]:
    while (end := path.rfind("/")) > 0:
        path = path[:end]
        yield path
