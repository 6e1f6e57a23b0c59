"""Where sources of posts lie, and what of them was not read: whose the pictures around them may be.

A picture that no row names by its whole path is that of the source which lies nearest to it, as far
as that source's own rows were all read: the row that would name it may be the one that is lost.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from frametrace.posts.model import Post, Skipped

__all__ = ["Neighbours", "Sources", "account_of"]

_MOST = 100_000  # ids of lost rows that are kept


@dataclass(slots=True, eq=False)
class Neighbours:
    """The sources of one folder or archive, or one alone, by their folders in it.

    `at` is its absolute path. `tables` are the folders of tables. `chats` counts texts whose rows
    name files beside them. `unread` are the folders in which anything could not be read, `lost`
    what may have been the ids of such rows; both grow while rows are read.
    """

    at: str
    folders: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()
    chats: Counter[str] = field(default_factory=Counter)
    unread: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)

    def note(self, folder: str, told: Skipped) -> None:
        """Note what could not be read of a source in a folder."""
        if not told.kept:
            self.unread.add(folder)
            if len(self.lost) < _MOST:
                self.lost.update(told.ids)

    def whole(self, folder: str) -> str:
        """The absolute path of a folder in it."""
        return f"{self.at}/{folder}" if folder not in {"", "."} else self.at


@dataclass(slots=True)
class Sources:
    """All sources that are added together, by their absolute folders."""

    _all: dict[int, Neighbours] = field(default_factory=dict)
    _folders: dict[str, list[tuple[Neighbours, str]]] = field(default_factory=dict)
    _accounts: dict[str, int] = field(default_factory=dict)  # of a folder's posts; 0: several

    def know(self, around: Iterable[Neighbours]) -> None:
        """Learn of sources."""
        for each in around:
            if id(each) not in self._all:
                self._all[id(each)] = each
                for folder in each.folders:
                    self._folders.setdefault(each.whole(folder), []).append((each, folder))

    def note(self, at: str, post: Post) -> None:
        """Note a post of a source in a folder."""
        account = account_of(post)
        if self._accounts.setdefault(at, account) != account:
            self._accounts[at] = 0

    def nearest(self, path: str) -> str:
        """The deepest folder of a source that a file lies in; empty if there is none."""
        return next((folder for folder in _above(path) if folder in self._folders), "")

    def lost_rows(self, folder: str) -> bool:
        """Whether anything of the sources in a folder could not be read."""
        return any(name in each.unread for each, name in self._folders.get(folder, ()))

    def lost_rows_in(self, root: str) -> bool:
        """Whether anything of what lies in a folder or an archive that was named is unread."""
        return any(each.unread for each in self._all.values() if each.at == root)

    def above_lost_tables(self) -> dict[str, set[str]]:
        """The folders around tables of which rows are unread, each with two such tables'."""
        found: dict[str, set[str]] = {}
        for each in self._all.values():
            for table in map(each.whole, each.unread & each.tables):
                for folder in (table, *_above(table)):
                    below = found.setdefault(folder, set())
                    if len(below) < 2:
                        below.add(table)
        return found

    def objects(self, folder: str, account: int) -> bool:
        """Whether a folder's sources have unread rows, or posts of another account."""
        return self.lost_rows(folder) or self._accounts.get(folder, account) != account

    def crowded(self, folder: str) -> bool:
        """Whether several chats lie in one folder, which may name their files alike."""
        return sum(each.chats[name] for each, name in self._folders.get(folder, ())) > 1

    def lost_ids(self, ids: Collection[str]) -> set[str]:
        """Those of some ids that rows may have had which could not be read."""
        return set[str]().union(*(each.lost.intersection(ids) for each in self._all.values()))


def account_of(post: Post) -> int:
    """A number for a post's account, which takes less room than its name."""
    return hash((post.platform, post.account_id)) or 1


def _above(path: str) -> Iterator[str]:
    while (end := path.rfind("/")) > 0:
        path = path[:end]
        yield path
