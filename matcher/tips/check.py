"""Checks a case against a tip: finds the posts, accounts, pages and groups that echo it.

An echo is a post that reuses a picture, video or text of the tip (see `find_echoes`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.captions import missing_captions
from frametrace.embed.pictures import missing_pictures
from frametrace.embed.signals import SIGNALS, CaptionSignal, pdq, phash
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE
from frametrace.matcher.case_signals import weights_of
from frametrace.matcher.result_schemas import SPANS
from frametrace.matcher.tips.caption_vectors import can_compare_meanings, same_model
from frametrace.matcher.tips.find_echoes import find_echoes
from frametrace.matcher.tips.known_material import (
    EchoSettings,
    in_comparison_order,
    material_of_tip,
)
from frametrace.matcher.tips.read_tip import require_fingerprint, signals_to_compare
from frametrace.matcher.tips.tip_model import ACCOUNT_KINDS, FINGERPRINTS, Tip
from frametrace.posts.errors import TipError
from frametrace.posts.model import AccountKind
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress

__all__ = ["ECHOED_ITEMS", "ECHOING_ACCOUNTS", "CheckResult", "accounts_by_kind", "check_tip"]

_TIME = pa.timestamp("us", tz="UTC")

# One row per account of any kind (account, page, group, channel) with an echo, those that echo the
# most items first. `signal`, `distance` and `similarity` are its closest evidence, for `item_id`.
ECHOING_ACCOUNTS = pa.schema(
    [
        pa.field("platform", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("account_kind", pa.string(), nullable=False),
        ("account_name", pa.string()),
        ("posts", pa.int64()),
        ("pictures", pa.int64()),  # items of the tip
        ("videos", pa.int64()),
        ("captions", pa.int64()),
        ("first_at", _TIME),
        ("last_at", _TIME),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("signal", pa.string(), nullable=False),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
        ("relation", pa.string()),
        ("mirrored", pa.bool_()),
        ("spans", SPANS),
    ]
)

# One row per item of the tip that has echoes, in the tip's order. `accounts` counts accounts of all
# kinds together.
ECHOED_ITEMS = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        ("posts", pa.int64()),
        ("accounts", pa.int64()),
        ("pages", pa.int64()),
        ("groups", pa.int64()),
        ("channels", pa.int64()),
        ("posts_by_accounts", pa.int64()),  # by kind `account` only; the next three by their kinds
        ("posts_by_pages", pa.int64()),
        ("posts_by_groups", pa.int64()),
        ("posts_by_channels", pa.int64()),
        ("first_at", _TIME),
        ("last_at", _TIME),
        ("similarity", pa.float32()),  # of the closest echo
    ]
)

# An account whose kind differs between posts gets one kind.
_ONE_KIND = """
SELECT e.* REPLACE (min(account_kind) OVER (PARTITION BY platform, account_id) AS account_kind)
FROM echoes e
"""

_ACCOUNTS = """
SELECT e.platform, e.account_id, min(e.account_kind) AS account_kind,
    coalesce(min(e.account_name), min(a.account_name)) AS account_name,
    count(DISTINCT e.post_id) AS posts,
    count(DISTINCT e.item) FILTER (item_id LIKE 'picture-%') AS pictures,
    count(DISTINCT e.item) FILTER (item_id LIKE 'video-%') AS videos,
    count(DISTINCT e.item) FILTER (caption_sha256 IS NOT NULL) AS captions,
    min(e.posted_at) AS first_at, max(e.posted_at) AS last_at,
    unnest(arg_min(
        {'item_id': item_id, 'signal': signal, 'distance': distance, 'similarity': similarity,
         'relation': relation, 'mirrored': mirrored, 'spans': spans},
        (caption_sha256 IS NOT NULL, signal IN ('local', 'caption'), signal, -similarity,
            item)))
FROM echoes_of_one_kind e LEFT JOIN accounts a USING (platform, account_id)
GROUP BY e.platform, e.account_id
ORDER BY pictures + videos + captions DESC, posts DESC, e.platform, e.account_id
"""

_ECHOED = """
SELECT min(item_id) AS item_id, count(DISTINCT (platform, post_id)) AS posts,
    count(DISTINCT (platform, account_id)) AS accounts,
    count(DISTINCT (platform, account_id)) FILTER (account_kind = 'page') AS pages,
    count(DISTINCT (platform, account_id)) FILTER (account_kind = 'group') AS groups,
    count(DISTINCT (platform, account_id)) FILTER (account_kind = 'channel') AS channels,
    count(DISTINCT (platform, post_id)) FILTER (account_kind = 'account') AS posts_by_accounts,
    count(DISTINCT (platform, post_id)) FILTER (account_kind = 'page') AS posts_by_pages,
    count(DISTINCT (platform, post_id)) FILTER (account_kind = 'group') AS posts_by_groups,
    count(DISTINCT (platform, post_id)) FILTER (account_kind = 'channel') AS posts_by_channels,
    min(posted_at) AS first_at, max(posted_at) AS last_at, max(similarity) AS similarity
FROM echoes_of_one_kind GROUP BY item ORDER BY item
"""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check: tables (ECHOES, ECHOING_ACCOUNTS, ECHOED_ITEMS), and notes."""

    tip: Tip
    settings: EchoSettings
    echoes: pa.Table
    accounts: pa.Table
    items: pa.Table
    notes: tuple[str, ...]


def accounts_by_kind(row: Mapping[str, Any]) -> dict[str, int]:
    """How many accounts of each kind echo an item, from its row of ECHOED_ITEMS."""
    counts: dict[str, int] = {kind: row[f"{kind}s"] for kind in ACCOUNT_KINDS}
    counts[AccountKind.ACCOUNT] -= sum(counts[kind] for kind in ACCOUNT_KINDS[1:])
    return counts


def check_tip(
    case: Case,
    tip: Tip,
    *,
    max_pdq: int = PDQ_MAX_DISTANCE,
    signals: Sequence[str] = (),
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> CheckResult:
    """Find the posts of a case that echo a tip, by all of the tip's signals or by the named ones.

    Raises `TipError` if a signal's fingerprint differs from that of the case or of this version of
    Frametrace.
    """
    used = in_comparison_order(signals_to_compare(tip, signals))
    for name in used:
        if name in FINGERPRINTS and name in case.epoch.signals:
            ours = case.epoch.signals[name]["fingerprint"]
            require_fingerprint(
                name, {"fingerprint": FINGERPRINTS[name]}, ours, f"{case.path} holds"
            )
    if not used:
        raise TipError(
            "the tip holds no signal that this Frametrace compares: upgrade Frametrace, or ask the "
            "sender for a tip with PDQ"
        )
    used, model_notes = _check_caption_model(case, tip, used, signals)
    available = tuple(name for name in used if name in case.epoch.signals)
    settings = EchoSettings(max_pdq=max_pdq, signals=available)
    echoes = find_echoes(case, material_of_tip(tip), settings, executor=executor, progress=progress)
    with connect(case, "accounts") as connection:
        connection.register("echoes", echoes)
        connection.execute(f"CREATE TEMP TABLE echoes_of_one_kind AS {_ONE_KIND}")
        accounts = connection.sql(_ACCOUNTS).to_arrow_table().cast(ECHOING_ACCOUNTS)
        items = connection.sql(_ECHOED).to_arrow_table().cast(ECHOED_ITEMS)
    notes = (*model_notes, *_notes(case, tip, used))
    return CheckResult(tip, settings, echoes, accounts, items, notes)


def _check_caption_model(
    case: Case, tip: Tip, used: Sequence[str], named: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The signals to compare by, and a note if caption vectors can't be compared.

    Raises `TipError` if `named` includes caption vectors, but another model made them.
    """
    ours = case.epoch.signals.get(Caption.name)
    if Caption.name not in used or ours is None:
        return tuple(used), ()
    without_vectors = tuple(name for name in used if name != Caption.name)
    if same_model(case, tip.head):
        if can_compare_meanings(case):
            return tuple(used), ()
        count = case.epoch.rows(signal_table(Caption.name))
        return without_vectors, (
            f"Captions were compared by wording alone: {count:,} captions are too few to measure "
            "how similar unrelated ones are under this model.",
        )
    theirs = (tip.head.signals or {})[Caption.name]
    if Caption.name in named:
        require_fingerprint(Caption.name, theirs, ours["fingerprint"], f"{case.path} holds")
    note = (
        f"Captions were compared by wording alone: the tip's vectors were made by "
        f"{theirs.get('model') or 'a model'} ({theirs['fingerprint']}), the case's by "
        f"{ours.get('model') or 'a model'} ({weights_of(case, Caption.name)}). To compare by "
        f"meaning: frametrace embed {case.path.name} --signal caption --caption-model MODEL "
        "--replace"
    )
    return without_vectors, (note,)


def _notes(case: Case, tip: Tip, used: Sequence[str]) -> list[str]:
    """Sentences on what was not compared."""
    notes, items = [], tip.items
    flat = pc.sum(pc.less(items["quality"], pdq.Pdq.min_quality)).as_py() or 0
    if flat:
        notes.append(f"Pictures of the tip that are too flat for PDQ were not compared: {flat:,}.")
    only_phash = pc.sum(pc.and_(pc.is_valid(items["phash"]), pc.is_null(items["pdq"]))).as_py()
    if tip.frames.num_rows:
        notes.append(
            "Videos were compared by the few frames that the tip holds of each: where they begin "
            "and end may be off by the time between two frames."
        )
    if Local.name in used:
        notes.append(
            "Edited copies were verified with the tip's local features and the case's pictures, "
            "because a tip has no pictures: this is stricter than `frametrace match` of both cases."
        )
    needed = [name for name in used if name != phash.Phash.name or only_phash]
    if Local.name in used:
        needed.insert(needed.index(Local.name) + 1, Thumbnail.name)
    for name in needed:
        items_text, missing = _missing(case, name)
        if missing:
            command = f"frametrace embed {case.path.name} --signal {name}"
            if name == Caption.name and (model := (tip.head.signals or {})[name].get("model")):
                command += f", with the tip's model: {model}"
            notes.append(
                f"{items_text} of the case without {name}: {missing:,}. Compute it with: {command}"
            )
    return notes


def _missing(case: Case, name: str) -> tuple[str, int]:
    """What a signal is computed from, and how many of these in the case don't have it yet."""
    if issubclass(SIGNALS[name], CaptionSignal):
        return "Captions", len(missing_captions(case, name))
    return "Pictures", sum(missing_pictures(case, [name]).values())
