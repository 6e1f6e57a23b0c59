"""The results of the public functions: what `match`, `query`, `network` and `run` return."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frametrace.case.store import Case
from frametrace.case.table import Table
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.matcher.match_settings import MatchSettings
from frametrace.posts.errors import UsageError
from frametrace.posts.read_settings import ReadSettings

if TYPE_CHECKING:
    import pyarrow as pa

    from frametrace.app.summary import Counts
    from frametrace.case.ingest import Added
    from frametrace.embed.stage import Embedded
    from frametrace.matcher.network import AccountNetwork
    from frametrace.matcher.saved_results import MatchRun, Results

__all__ = ["Answer", "Matched", "Network", "Paths", "Run", "RunSettings"]

Paths = str | Path | Iterable[str | Path]


@dataclass(frozen=True, slots=True)
class Matched:
    """The results of `match`: groups of posts, their evidence, and the accounts that take part.

    `case` is the matched case, or the union of several. `counts` holds the numbers of posts,
    pictures, groups, accounts and ties; `notes` say what was not compared, and what to do about it.
    """

    case: Case
    counts: "Counts"
    notes: tuple[str, ...]
    tables: "Results" = field(repr=False)
    made_by: "MatchRun" = field(repr=False)
    reused: "pa.Table | None" = field(default=None, repr=False)

    @property
    def groups(self) -> Table:
        """One row per group of posts, those with the widest spread first."""
        return Table(self.tables.groups)

    @property
    def members(self) -> Table:
        """One row per group and post, with the evidence that ties the post to the group."""
        return Table(self.tables.members)

    @property
    def accounts(self) -> Table:
        """One row per account that takes part in a group."""
        return Table(self.tables.accounts)

    @property
    def ties(self) -> Table:
        """One row per pair of accounts that share photo groups, with its false discovery rate."""
        return Table(self.tables.ties)

    @property
    def framings(self) -> Table:
        """One row per framing group: what it is about."""
        return Table(self.tables.framings)

    @property
    def changes(self) -> Table:
        """One row per group: how it changed since the earlier match; empty without one."""
        return Table(self.tables.changes)

    @property
    def matches(self) -> Table:
        """One row per verified pair of pictures or captions, read from disk; it may be large."""
        return Table(self.tables.matches.table())

    @property
    def video_matches(self) -> Table:
        """One row per pair of videos, or of a video and a picture, with the spans they share."""
        return Table(self.tables.video_matches)

    @property
    def reuses(self) -> Table:
        """One row per post that reuses something of an earlier case.

        Raises `UsageError` if a single case was matched.
        """
        if self.reused is None:
            raise UsageError("one case was matched: match two or more to see what each reuses")
        return Table(self.reused)


@dataclass(frozen=True, slots=True)
class Answer:
    """The posts that answer a query, best evidence first.

    `total` counts them before the limit; `notes` say what was not searched.
    """

    posts: Table = field(repr=False)
    total: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """Accounts that share more, or rarer, items than chance explains.

    `about` describes the input and, if shares were shuffled, the ties that made.
    """

    computed: "AccountNetwork" = field(repr=False)
    about: Mapping[str, Any]

    @property
    def ties(self) -> Table:
        """One row per pair of accounts, the most significant first."""
        return Table(self.computed.ties)

    @property
    def accounts(self) -> Table:
        """One row per account that has a listed tie."""
        return Table(self.computed.accounts)

    @property
    def windows(self) -> Table:
        """One row per time window: the pairs that share an item within it, and the ties."""
        return Table(self.computed.windows)

    def write(self, out: str | Path) -> None:
        """Write the tables and the graphs (GEXF, GraphML) into a folder."""
        from frametrace.app.report.network_files import write_network

        write_network(Path(out), self.computed, self.about)


@dataclass(frozen=True, slots=True)
class Run:
    """The results of `run`: each stage, and the page of the report."""

    added: "Added"
    embedded: "Embedded"
    matched: Matched
    page: Path


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Where `run` looks for pictures, and the settings of its stages.

    `all_matches` and `parquet` are about the tables of the report, as in `report`.
    """

    media: Paths = ()
    media_maps: Paths = ()
    reading: ReadSettings = ReadSettings()
    embedding: EmbedSettings = EmbedSettings()
    matching: MatchSettings = MatchSettings()
    all_matches: bool = False
    parquet: bool = False
