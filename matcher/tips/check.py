"""Checking a tip: which posts, accounts, pages and groups of a case echo it, and by what."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.captions import missing_captions
from frametrace.embed.pictures import missing_pictures
from frametrace.embed.signals import pdq, phash
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.matcher.tips.caption_vectors import made_alike, tells_meanings
from frametrace.matcher.tips.echoes import echoes_of
from frametrace.matcher.tips.known_material import EchoSettings, names_of
from frametrace.matcher.tips.read_tip import comparable, same_way
from frametrace.matcher.tips.tip_model import FINGERPRINTS, Tip
from frametrace.matcher.weights import weights_of
from frametrace.posts.errors import TipError
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress

__all__ = ["ACTORS", "ECHOED", "Checked", "check_tip"]

_TIME = pa.timestamp("us", tz="UTC")

# One row per account, page, group or channel with a post that echoes the tip, those that echo most
# items first. `signal`, `distance` and `similarity` are its closest evidence, for `item_id`.
ACTORS = pa.schema(
    [
        pa.field("platform", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("account_kind", pa.string(), nullable=False),
        ("account_name", pa.string()),
        ("posts", pa.int64()),
        ("pictures", pa.int64()),  # items of the tip
        ("captions", pa.int64()),
        ("first_at", _TIME),
        ("last_at", _TIME),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("signal", pa.string(), nullable=False),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
        ("relation", pa.string()),
        ("mirrored", pa.bool_()),
    ]
)

# One row per item of the tip that something echoes, in the tip's order. `accounts` counts actors of
# all kinds together.
ECHOED = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        ("posts", pa.int64()),
        ("accounts", pa.int64()),
        ("pages", pa.int64()),
        ("groups", pa.int64()),
        ("channels", pa.int64()),
        ("posts_by_accounts", pa.int64()),  # kind account alone, like the next three
        ("posts_by_pages", pa.int64()),
        ("posts_by_groups", pa.int64()),
        ("posts_by_channels", pa.int64()),
        ("first_at", _TIME),
        ("last_at", _TIME),
        ("similarity", pa.float32()),  # the closest
    ]
)

_KINDED = """
SELECT e.* REPLACE (min(account_kind) OVER (PARTITION BY platform, account_id) AS account_kind)
FROM echoes e
"""

_ACTORS = """
SELECT e.platform, e.account_id, min(e.account_kind) AS account_kind,
    coalesce(min(e.account_name), min(a.account_name)) AS account_name,
    count(DISTINCT e.post_id) AS posts,
    count(DISTINCT e.item) FILTER (caption_sha256 IS NULL) AS pictures,
    count(DISTINCT e.item) FILTER (caption_sha256 IS NOT NULL) AS captions,
    min(e.posted_at) AS first_at, max(e.posted_at) AS last_at,
    unnest(arg_min(
        {'item_id': item_id, 'signal': signal, 'distance': distance, 'similarity': similarity,
         'relation': relation, 'mirrored': mirrored},
        (caption_sha256 IS NOT NULL, signal IN ('local', 'caption'), signal, -similarity,
            item)))
FROM kinded e LEFT JOIN accounts a USING (platform, account_id)
GROUP BY e.platform, e.account_id
ORDER BY pictures + captions DESC, posts DESC, e.platform, e.account_id
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
FROM kinded GROUP BY item ORDER BY item
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """What of a case echoes a tip: tables in the schemas ECHOES, ACTORS and ECHOED, and remarks."""

    tip: Tip
    settings: EchoSettings
    echoes: pa.Table
    actors: pa.Table
    items: pa.Table
    notes: tuple[str, ...]


def check_tip(
    case: Case,
    tip: Tip,
    *,
    max_pdq: int = pdq.MAX_DISTANCE,
    signals: Sequence[str] = (),
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Checked:
    """Find what of a case echoes a tip, by all of its signals or by those named.

    Raises `TipError` where one of them was made in another way than the case's, or this
    Frametrace's.
    """
    used = names_of(comparable(tip, signals))
    for name in used:
        if name in FINGERPRINTS and name in case.epoch.signals:
            ours = case.epoch.signals[name]["fingerprint"]
            same_way(name, {"fingerprint": FINGERPRINTS[name]}, ours, f"{case.path} holds")
    if not used:
        raise TipError("the tip holds no signal that this Frametrace compares")
    used, unlike = _of_our_model(case, tip, used, signals)
    held = tuple(name for name in used if name in case.epoch.signals)
    settings = EchoSettings(max_pdq=max_pdq, signals=held)
    material = tip.items.append_column("thumbnail", pa.nulls(len(tip.items), pa.binary()))
    echoes = echoes_of(case, material, settings, executor=executor, progress=progress)
    with connect(case, "accounts") as connection:
        connection.register("echoes", echoes)
        connection.execute(f"CREATE TEMP TABLE kinded AS {_KINDED}")
        actors = connection.sql(_ACTORS).to_arrow_table().cast(ACTORS)
        items = connection.sql(_ECHOED).to_arrow_table().cast(ECHOED)
    return Checked(tip, settings, echoes, actors, items, (*unlike, *_notes(case, tip, used)))


def _of_our_model(
    case: Case, tip: Tip, used: Sequence[str], named: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What to compare by, and what to know of vectors that another model made.

    Raises `TipError` where comparing by these was asked for by name.
    """
    ours = case.epoch.signals.get(Caption.name)
    if Caption.name not in used or ours is None:
        return tuple(used), ()
    others = tuple(name for name in used if name != Caption.name)
    if made_alike(case, tip.head):
        if tells_meanings(case):
            return tuple(used), ()
        few = case.epoch.rows(signal_table(Caption.name))
        return others, (
            f"Captions were compared by wording alone: {few:,} captions are too few to tell how "
            "near unrelated ones are under this model.",
        )
    theirs = (tip.head.signals or {})[Caption.name]
    if Caption.name in named:
        same_way(Caption.name, theirs, ours["fingerprint"], f"{case.path} holds")
    note = (
        f"Captions were compared by wording alone: the tip's vectors are made by "
        f"{theirs.get('model') or 'a model'} ({theirs['fingerprint']}), the case's by "
        f"{ours.get('model') or 'a model'} ({weights_of(case, Caption.name)}). To compare by "
        f"meaning: frametrace embed {case.path.name} --signal caption --caption-model MODEL "
        "--replace"
    )
    return others, (note,)


def _notes(case: Case, tip: Tip, used: Sequence[str]) -> list[str]:
    """What was not compared, in plain sentences."""
    notes, items = [], tip.items
    flat = pc.sum(pc.less(items["quality"], pdq.Pdq.min_quality)).as_py() or 0
    if flat:
        notes.append(f"Pictures of the tip too flat for PDQ, which were not compared: {flat:,}.")
    only_phash = pc.sum(pc.and_(pc.is_valid(items["phash"]), pc.is_null(items["pdq"]))).as_py()
    if Local.name in used:
        notes.append(
            "Edited copies were verified by the tip's local features and the case's pictures, as a "
            "tip shows no pictures: that is stricter than `frametrace match` of both cases."
        )
        used = [*used, Thumbnail.name]
    for name, what in (
        *(("pdq", "Pictures"), ("phash", "Pictures"), (Local.name, "Pictures")),
        *((Thumbnail.name, "Pictures"), (CaptionKey.name, "Captions"), (Caption.name, "Captions")),
    ):
        if name not in used or (name == phash.Phash.name and not only_phash):
            continue
        missing = (
            len(missing_captions(case, name))
            if what == "Captions"
            else sum(missing_pictures(case, [name]).values())
        )
        if missing:
            command = f"frametrace embed {case.path.name} --signal {name}"
            if name == Caption.name and (model := (tip.head.signals or {})[name].get("model")):
                command += f", with the tip's model: {model}"
            notes.append(f"{what} of the case without {name}: {missing:,}. Compute it: {command}")
    return notes
