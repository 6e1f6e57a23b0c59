"""Collects what the page shows of each framing: terms, captions, texts in pictures, its spread."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.language_names import language_name
from frametrace.app.report.evidence_sentences import EVIDENCE_KINDS
from frametrace.app.report.framing_sentences import (
    cohesion_sentence,
    rise_sentence,
    stance_sentence,
)
from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.text.normalize import key_of
from frametrace.matcher.result_schemas import GroupKind, Relation
from frametrace.matcher.saved_results import Results

__all__ = ["FramingView", "Wording", "framing_views"]

# Shown of each framing:
MAX_WORDINGS = 6
MAX_OCR_TEXTS = 6
MAX_BUSIEST = 5  # accounts

# The wordings of each framing; captions of one key count as one. Those of representatives come
# first, then those of most posts, each shown by its earliest post.
_WORDINGS = """
WITH captioned AS (
    SELECT m.*, coalesce(k.key, m.caption_sha256) AS wording
    FROM members m LEFT JOIN caption_key k ON k.sha256 = m.caption_sha256
    WHERE m.caption_sha256 IS NOT NULL
),
counted AS (
    SELECT group_id, wording, count(*) AS posts, count(DISTINCT (platform, account_id)) AS accounts,
        arg_min({'platform': platform, 'post_id': post_id, 'text': text},
            (posted_at IS NULL, posted_at, platform, post_id)) AS first
    FROM captioned GROUP BY ALL
),
representative AS (
    SELECT s.group_id, s.wording, min(r.at) AS at, arg_min(r.language, r.at) AS language,
        arg_min({'platform': s.platform, 'post_id': s.post_id, 'text': s.text}, r.at) AS first
    FROM captioned s JOIN representatives r USING (group_id, platform, post_id)
    WHERE s.wording = r.key OR s.text = r.text GROUP BY ALL
)
SELECT group_id, coalesce(s.first, c.first) AS post, s.language, c.posts, c.accounts,
    row_number() OVER best AS rank
FROM counted c LEFT JOIN representative s USING (group_id, wording)
WINDOW best AS (PARTITION BY group_id ORDER BY s.at NULLS LAST, c.posts DESC, wording)
QUALIFY rank <= $most ORDER BY group_id, rank
"""

_KINDS = """
SELECT group_id, tie.kind AS kind, count(*) AS posts
FROM (SELECT group_id, unnest(tied_by) AS tie FROM members) GROUP BY ALL
ORDER BY group_id, posts DESC, kind
"""

_BUSIEST = """
SELECT group_id, platform, account_id, max(account_name) AS account_name, count(*) AS posts
FROM members GROUP BY group_id, platform, account_id HAVING count(*) > 1
WINDOW busy AS (PARTITION BY group_id ORDER BY count(*) DESC, platform, account_id)
QUALIFY row_number() OVER busy <= $most
ORDER BY group_id, posts DESC, platform, account_id
"""


_QUERIED = (
    *("group_id", "platform", "post_id", "account_id", "account_name", "posted_at", "text"),
    *("media_sha256", "caption_sha256", "tied_by"),
)
_KEYS = pa.schema([("sha256", pa.string()), ("key", pa.string())])
_REPRESENTATIVES = pa.schema(
    [("group_id", pa.string()), ("at", pa.int64())]
    + [(name, pa.string()) for name in ("language", "platform", "post_id", "text", "key")]
)


@dataclass(frozen=True, slots=True)
class Wording:
    """A wording of a framing, its language (empty if unknown), and how many posts have it."""

    text: str
    platform: str
    post_id: str
    language: str
    posts: int
    accounts: int


@dataclass(frozen=True, slots=True)
class FramingView:
    """What the page shows of a framing, in addition to what it shows of every group.

    `number` is its rank by spread. `rise`, `cohesion` and `stances` are sentences, `kinds` counts
    posts by the evidence that ties them, `busiest` are accounts with several of its posts. `photos`
    maps each of its pictures to the one that is shown for it, `reused` maps those to their photo
    group and the number of posts in that group.
    """

    number: int
    terms: Sequence[str]
    wordings: Sequence[Wording]
    ocr_texts: Sequence[str]
    rise: str
    cohesion: str
    stances: str
    kinds: Sequence[tuple[str, int]]
    busiest: Sequence[Mapping[str, Any]]
    photos: Mapping[str, str]
    reused: Mapping[str, tuple[str, int]]


def framing_views(
    case: Case, results: Results, shown: Mapping[str, Sequence[str]]
) -> dict[str, FramingView]:
    """The views of the framings in `shown`, which maps their ids to the pictures on the page."""
    names = pa.array(list(shown), pa.string())
    framings = results.framings.filter(pc.is_in(results.framings["group_id"], value_set=names))
    about = {row["group_id"]: row for row in framings.to_pylist()}
    members = results.members.select(_QUERIED)
    members = members.filter(pc.is_in(members["group_id"], value_set=names))
    queried = _queried(case, members, [about[name] for name in shown if name in about])
    photo_of = _photos(results, members, shown)
    posts = _posts_of(results, photo_of.values())
    views = {}
    for number, row in _numbered(results, names):
        name = row["group_id"]
        summary = about.get(name, {})
        reused = {picture: photo_of[picture] for picture in shown[name] if picture in photo_of}
        shown_for = {photo: picture for picture, photo in reused.items()}
        views[name] = FramingView(
            number=number,
            terms=summary.get("terms") or [],
            wordings=[_wording(wording) for wording in queried["wordings"].get(name, ())],
            ocr_texts=(summary.get("lettering") or [])[:MAX_OCR_TEXTS],
            rise=rise_sentence(summary.get("rise") or []),
            cohesion=cohesion_sentence(row["cohesion"]) if summary else "",
            stances=stance_sentence(summary),
            kinds=[
                (EVIDENCE_KINDS.get(kind["kind"], kind["kind"]), kind["posts"])
                for kind in queried["kinds"].get(name, ())
            ],
            busiest=queried["busiest"].get(name, ()),
            photos={
                **{p: shown_for[photo] for p, photo in photo_of.items() if photo in shown_for},
                **{picture: picture for picture in shown[name]},
            },
            reused={picture: (photo, posts[photo]) for picture, photo in reused.items()},
        )
    return views


def _numbered(results: Results, names: pa.Array) -> list[tuple[int, dict[str, Any]]]:
    """The rows of some framings, each with its rank among all framings by spread."""
    framings = results.groups.filter(pc.equal(results.groups["kind"], str(GroupKind.FRAMING)))
    kept = pc.indices_nonzero(pc.is_in(framings["group_id"], value_set=names))
    numbers = pc.add(kept, 1).to_pylist()
    return list(zip(numbers, framings.take(kept).to_pylist(), strict=True))


def _posts_of(results: Results, group_ids: Iterable[str]) -> dict[str, int]:
    """How many posts some groups have."""
    wanted = pa.array(sorted(set(group_ids)), pa.string())
    groups = results.groups.filter(pc.is_in(results.groups["group_id"], value_set=wanted))
    return dict(zip(*(groups[n].to_pylist() for n in ("group_id", "posts")), strict=True))


def _wording(row: Mapping[str, Any]) -> Wording:
    language = language_name(row["language"] or "")
    return Wording(**row["post"], language=language, posts=row["posts"], accounts=row["accounts"])


def _queried(
    case: Case, members: pa.Table, about: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The rows of the queries above, by query and framing."""
    keys = signal_table(CaptionKey.name)
    rows = [
        {"group_id": row["group_id"], "at": at, **post, "key": key_of(post["text"])}
        for row in about
        for at, post in enumerate(row["representatives"] or ())
    ]
    representatives = pa.Table.from_pylist(rows, _REPRESENTATIVES)
    limits = {"wordings": MAX_WORDINGS, "busiest": MAX_BUSIEST}
    rows_of_queries = {}
    with connect(case, *([keys] if case.epoch.rows(keys) else [])) as connection:
        if not case.epoch.rows(keys):
            connection.register(CaptionKey.name, _KEYS.empty_table())
        connection.register("members", members)
        connection.register("representatives", representatives)
        queries = {"wordings": _WORDINGS, "kinds": _KINDS, "busiest": _BUSIEST}
        for name, query in queries.items():
            values = {"most": limits[name]} if name in limits else {}
            by_group: dict[str, list[dict[str, Any]]] = {}
            for row in connection.sql(query, params=values).to_arrow_table().to_pylist():
                by_group.setdefault(row["group_id"], []).append(row)
            rows_of_queries[name] = by_group
    return rows_of_queries


def _photos(
    results: Results, members: pa.Table, shown: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """The photo groups of the pictures of some framings, by digest."""
    wanted = {digest for digests in shown.values() for digest in digests}
    wanted.update(members["media_sha256"].drop_null().unique().to_pylist())
    photos = results.members.select(["media_sha256", "group_id", "kind", "relation"])
    keep = pc.and_(
        pc.equal(photos["kind"], str(GroupKind.PHOTO)),
        pc.equal(photos["relation"], str(Relation.COPY)),
    )
    photos = photos.filter(keep)
    digests = pa.array(sorted(wanted), pa.string())
    photos = photos.filter(pc.is_in(photos["media_sha256"], value_set=digests))
    return dict(zip(*(photos[n].to_pylist() for n in ("media_sha256", "group_id")), strict=True))
