"""Runs each way of comparing the posts of two platforms: the pairs it reports, and its time."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from across_halves import Halves, Platform
from across_measures import Pair, chained, pairs_across
from measuring import Stopped, say

from frametrace.case.ingest import add_sources
from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.embed.stage import embed
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_cases import match_cases
from frametrace.matcher.match_settings import Extent
from frametrace.matcher.result_schemas import GroupKind
from frametrace.matcher.saved_results import Results
from frametrace.matcher.tips.check import check_tip
from frametrace.matcher.tips.export import export_tip, sent_items
from frametrace.matcher.tips.export_selection import Selection
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.watch_new_posts import compare_new_posts
from frametrace.matcher.tips.watch_state import open_watch, save_state
from frametrace.posts.media.media_library import MediaLibrary

if TYPE_CHECKING:
    from threatexchange.signal_type.pdq.signal import PdqSignal

__all__ = [
    "Cases",
    "Hashes",
    "Reported",
    "by_matching",
    "by_meaning",
    "by_pdq",
    "by_tip",
    "by_watch",
    "pdq_signal",
]

SIGNALS = ("pdq", "local", "thumbnail", "caption_key")
VECTORS = ("caption",)  # computed later, so that captions are first found without them
WARM_UP = 40  # posts: what is compiled or loaded once is not counted


@dataclass(frozen=True, slots=True)
class Reported:
    """The pairs that one method reports, by pictures and by captions, and its seconds."""

    pictures: frozenset[Pair]
    captions: frozenset[Pair]
    seconds: float


@dataclass(frozen=True, slots=True)
class Cases:
    """Each half as a case, and both as one; `seconds` is the time of embedding the two halves.

    All were watched for the first time while they were empty, so that every post is new to a watch.
    """

    ours: Case
    theirs: Case
    whole: Case
    seconds: float

    @classmethod
    def of(cls, halves: Halves) -> "Cases":
        """Make them by `add` and `embed`."""
        sources = [halves.source(platform) for platform in Platform]
        names = {"ours": sources[:1], "theirs": sources[1:], "whole": sources}
        cases, seconds = {}, {}
        for name, some in names.items():
            case = Case.create(halves.folder / name)
            with open_watch(case):
                say(f"embedding the case `{name}`")
            cases[name], seconds[name] = _filled(case, some)
        return cls(**cases, seconds=seconds["ours"] + seconds["theirs"])


def _filled(case: Case, sources: Sequence[Path]) -> tuple[Case, float]:
    """Add sources and embed them; returns the case and the seconds of embedding."""
    add_sources(case, sources, library=MediaLibrary([]))
    begun = time.perf_counter()
    embed(case, EmbedSettings(signals=SIGNALS))
    return Case(case.path), time.perf_counter() - begun


def by_matching(halves: Halves, cases: Cases) -> tuple[dict[str, Reported], dict[str, float]]:
    """Pairs inside one case and between the halves; and the seconds of each match."""
    _warm_up(halves)
    results, seconds = {}, {}
    for name, match in {
        "ours": lambda: match_case(cases.ours)[0],
        "theirs": lambda: match_case(cases.theirs)[0],
        "between": lambda: _between(cases.ours, cases.theirs, halves.folder / "union"),
        "whole": lambda: match_case(cases.whole)[0],
    }.items():
        say(f"matching: {name}")
        begun = time.perf_counter()
        results[name] = match()
        seconds[name] = time.perf_counter() - begun
    reported = {
        name: Reported(*_grouped(results[name], halves.ours), seconds[name])
        for name in ("whole", "between")
    }
    return reported, seconds


def _between(ours: Case, theirs: Case, folder: Path) -> Results:
    """As by the command if no report is requested."""
    return match_cases([ours, theirs], folder, extent=Extent(mapped=False)).results


def by_meaning(halves: Halves, cases: Cases) -> dict[str, Reported]:
    """Pairs inside one case, between the halves and by a tip, once captions have vectors too."""
    paths = [case.path for case in (cases.ours, cases.theirs, cases.whole)]
    for path in paths:
        embed(Case(path), EmbedSettings(signals=VECTORS))
    ours, theirs, whole = map(Case, paths)
    say("matching by meaning")
    begun = time.perf_counter()
    inside = match_case(whole)[0]
    seconds = [time.perf_counter() - begun]
    between = _between(ours, theirs, halves.folder / "union-by-meaning")
    seconds.append(time.perf_counter() - begun - seconds[0])
    reported = {
        name: Reported(*_grouped(results, halves.ours), took)
        for name, results, took in zip(
            ("whole", "between"), (inside, between), seconds, strict=True
        )
    }
    return {**reported, "tip": by_tip(halves, Cases(ours, theirs, whole, cases.seconds))}


def _warm_up(halves: Halves) -> None:
    """Match a few of the posts in a separate case."""
    source = halves.folder / "warm-up.jsonl"
    lines = [halves.source(platform).read_text("utf-8").splitlines() for platform in Platform]
    source.write_text("\n".join(line for half in lines for line in half[:WARM_UP]) + "\n", "utf-8")
    match_case(_filled(Case.create(halves.folder / "warm-up"), [source])[0])


def _grouped(results: Results, ours: frozenset[str]) -> tuple[frozenset[Pair], frozenset[Pair]]:
    """Pairs in one photo group, and pairs that ties by captions join in one framing group."""
    rows = results.members.select(
        ["group_id", "kind", "post_id", "via_post_id", "tied_by"]
    ).to_pylist()
    photos: defaultdict[str, set[str]] = defaultdict(set)
    ties: defaultdict[str, list[Pair]] = defaultdict(list)
    for row in rows:
        if row["kind"] == GroupKind.PHOTO:
            photos[row["group_id"]].add(row["post_id"])
        elif row["kind"] == GroupKind.FRAMING and _by_caption(row["tied_by"]):
            ties[row["group_id"]].append((row["post_id"], row["via_post_id"]))
    by_captions = [posts for some in ties.values() for posts in chained(some)]
    return pairs_across(photos.values(), ours), pairs_across(by_captions, ours)


def _by_caption(tied_by: Iterable[Mapping[str, Any]] | None) -> bool:
    return any(tie["kind"].startswith("caption") for tie in tied_by or ())


def by_tip(halves: Halves, cases: Cases) -> Reported:
    """Pairs from a tip about everything our half posted, checked against theirs."""
    begun = time.perf_counter()
    sent, holders = _sent(halves, cases.ours)
    echoes = check_tip(cases.theirs, read_tip(sent)).echoes
    seconds = time.perf_counter() - begun
    return Reported(*_echoed(echoes, holders), seconds)


def by_watch(halves: Halves, cases: Cases) -> Reported:
    """Pairs that a watch of the second half reports for that tip, once all its posts are in."""
    sent, holders = _sent(halves, cases.ours)
    tip = read_tip(sent)
    begun = time.perf_counter()
    with open_watch(cases.theirs) as state:
        found = compare_new_posts(cases.theirs, state, [tip])
        save_state(cases.theirs, found.state)
    seconds = time.perf_counter() - begun
    return Reported(*_echoed(found.newcomers, holders), seconds)


def _sent(halves: Halves, case: Case) -> tuple[Path, Mapping[str, Collection[str]]]:
    """A tip about everything in the case, and the posts that each item comes from."""
    path = halves.folder / "tip.json"
    accounts = tuple(case.read("posts", ["account_id"])["account_id"].unique().to_pylist())
    sent = export_tip(case, Selection(accounts=accounts), path)
    posts = case.read("posts", ["caption_sha256", "post_id"])
    links = case.read("post_media", ["sha256", "post_id"])
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for table in (posts, links):
        for digest, post_id in zip(*(column.to_pylist() for column in table.columns), strict=True):
            holders[digest].add(post_id)
    items = sent_items(case, sent.sha256)
    return path, {
        item: {post_id for digest in digests for post_id in holders[digest]}
        for item, digests in items.items()
    }


def _echoed(
    echoes: pa.Table, holders: Mapping[str, Collection[str]]
) -> tuple[frozenset[Pair], frozenset[Pair]]:
    """The pairs of echoes by pictures, and by captions."""
    rows = echoes.select(["item_id", "post_id", "media_sha256"]).to_pylist()

    def pairs(*, pictures: bool) -> Iterator[Pair]:
        for row in rows:
            if (row["media_sha256"] is not None) == pictures:
                for post_id in holders[row["item_id"]]:
                    yield post_id, row["post_id"]

    return frozenset(pairs(pictures=True)), frozenset(pairs(pictures=False))


@dataclass(frozen=True, slots=True)
class Hashes:
    """PDQ of each post's picture by `threatexchange`, empty below its quality; and the seconds."""

    of_posts: Mapping[str, str]
    seconds: float

    @classmethod
    def of(cls, halves: Halves, signal: "type[PdqSignal]") -> "Hashes":
        """Hash the files."""
        begun = time.perf_counter()
        hashes = {
            post.post_id: signal.hash_from_file(halves.folder / post.picture)
            for post in halves.posts
        }
        return cls(hashes, time.perf_counter() - begun)


def by_pdq(halves: Halves, hashes: Hashes, signal: "type[PdqSignal]") -> Reported:
    """Pairs within the distance at which `threatexchange` calls two pictures the same."""
    begun = time.perf_counter()
    kept = {post_id: one for post_id, one in hashes.of_posts.items() if one}
    ours = [(one, post_id) for post_id, one in kept.items() if post_id in halves.ours]
    index = signal.get_index_cls().build(ours)
    pairs = frozenset(
        (match.metadata, post_id)
        for post_id, one in kept.items()
        if post_id not in halves.ours
        for match in index.query(one)
    )
    return Reported(pairs, frozenset(), time.perf_counter() - begun)


def pdq_signal() -> "type[PdqSignal]":
    """The peer's PDQ: quality 50 and more, 31 bits at most."""
    try:
        from threatexchange.signal_type.pdq.signal import PdqSignal
    except ImportError:
        raise Stopped(
            "the peer is missing: pip install -c constraints.txt -r benchmarks/requirements.txt"
        ) from None
    return PdqSignal
