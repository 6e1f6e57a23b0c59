"""What each framing is about, as the page shows it: its terms, what is said, how it spread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.report.framing_sentences import held, language, rise
from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.text.normalize import key_of
from frametrace.matcher.results import GroupKind, Relation
from frametrace.matcher.saved_results import Results

__all__ = ["FramingView", "Wording", "framing_views"]

MOST_WORDINGS = 6  # of one framing, beside each other
MOST_LETTERING = 6
MOST_BUSIEST = 5

# The wordings of each framing, captions of one key being one; those that a representative says come
# first, then those of most posts, each by its earliest post.
_WORDINGS = """
WITH said AS (
    SELECT m.*, coalesce(k.key, m.caption_sha256) AS wording
    FROM members m LEFT JOIN caption_key k ON k.sha256 = m.caption_sha256
    WHERE m.caption_sha256 IS NOT NULL
),
counted AS (
    SELECT group_id, wording, count(*) AS posts, count(DISTINCT (platform, account_id)) AS accounts,
        arg_min({'platform': platform, 'post_id': post_id, 'text': text},
            (posted_at IS NULL, posted_at, platform, post_id)) AS first
    FROM said GROUP BY ALL
),
spoken AS (
    SELECT s.group_id, s.wording, min(r.at) AS at, arg_min(r.language, r.at) AS language,
        arg_min({'platform': s.platform, 'post_id': s.post_id, 'text': s.text}, r.at) AS first
    FROM said s JOIN representatives r USING (group_id, platform, post_id)
    WHERE s.wording = r.key OR s.text = r.text GROUP BY ALL
)
SELECT group_id, coalesce(s.first, c.first) AS post, s.language, c.posts, c.accounts,
    row_number() OVER best AS rank
FROM counted c LEFT JOIN spoken s USING (group_id, wording)
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


_KEYS = pa.schema([("sha256", pa.string()), ("key", pa.string())])
_SPOKEN = pa.schema(
    [("group_id", pa.string()), ("at", pa.int64())]
    + [(name, pa.string()) for name in ("language", "platform", "post_id", "text", "key")]
)


@dataclass(frozen=True, slots=True)
class Wording:
    """What posts of a framing say, in which language if that is told, and how many say so."""

    text: str
    platform: str
    post_id: str
    language: str
    posts: int
    accounts: int


@dataclass(frozen=True, slots=True)
class FramingView:
    """One framing as the page shows it, besides what it shows of every group.

    `number` counts the framings, those of widest spread first. `rise` and `held` are sentences,
    `kinds` says by what its posts are tied in, `busiest` are accounts with several of its posts.
    `photos` maps its pictures to those that are shown for them, `reused` these to their photo
    groups and these groups' posts.
    """

    number: int
    terms: Sequence[str]
    wordings: Sequence[Wording]
    lettering: Sequence[str]
    rise: str
    held: str
    kinds: Sequence[tuple[str, int]]
    busiest: Sequence[Mapping[str, Any]]
    photos: Mapping[str, str]
    reused: Mapping[str, tuple[str, int]]


def framing_views(
    case: Case, results: Results, shown: Mapping[str, Sequence[str]]
) -> dict[str, FramingView]:
    """What the page shows of some framings, named with the pictures that it shows of each."""
    about = {row["group_id"]: row for row in results.framings.to_pylist()}
    names = pa.array(list(shown), pa.string())
    members = results.members.filter(pc.is_in(results.members["group_id"], value_set=names))
    found = _queried(case, members, [about[name] for name in shown if name in about])
    photo_of = _photos(results, members, shown)
    posts = dict(zip(*(results.groups[n].to_pylist() for n in ("group_id", "posts")), strict=True))
    views = {}
    for number, row in enumerate(_framings(results).to_pylist(), 1):
        if (name := row["group_id"]) not in shown:
            continue
        told = about.get(name, {})
        reused = {one: photo_of[one] for one in shown[name] if one in photo_of}
        stands_for = {photo: one for one, photo in reused.items()}
        views[name] = FramingView(
            number=number,
            terms=told.get("terms") or [],
            wordings=[_wording(one) for one in found["wordings"].get(name, ())],
            lettering=(told.get("lettering") or [])[:MOST_LETTERING],
            rise=rise(told.get("rise") or []),
            held=held(row["cohesion"]) if told else "",
            kinds=[(one["kind"], one["posts"]) for one in found["kinds"].get(name, ())],
            busiest=found["busiest"].get(name, ()),
            photos={**_standing(photo_of, stands_for), **{one: one for one in shown[name]}},
            reused={one: (photo, posts[photo]) for one, photo in reused.items()},
        )
    return views


def _framings(results: Results) -> pa.Table:
    return results.groups.filter(pc.equal(results.groups["kind"], str(GroupKind.FRAMING)))


def _wording(row: Mapping[str, Any]) -> Wording:
    known = language(row["language"] or "")
    return Wording(**row["post"], language=known, posts=row["posts"], accounts=row["accounts"])


def _queried(
    case: Case, members: pa.Table, about: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The rows of the queries above, by framing."""
    keys = signal_table(CaptionKey.name)
    spoken = [
        {"group_id": row["group_id"], "at": at, **one, "key": key_of(one["text"])}
        for row in about
        for at, one in enumerate(row["representatives"] or ())
    ]
    representatives = pa.Table.from_pylist(spoken, _SPOKEN)
    most = {"wordings": MOST_WORDINGS, "busiest": MOST_BUSIEST}
    found = {}
    with connect(case, *([keys] if case.epoch.rows(keys) else [])) as connection:
        if not case.epoch.rows(keys):
            connection.register(CaptionKey.name, _KEYS.empty_table())
        connection.register("members", members)
        connection.register("representatives", representatives)
        queries = {"wordings": _WORDINGS, "kinds": _KINDS, "busiest": _BUSIEST}
        for what, query in queries.items():
            values = {"most": most[what]} if what in most else {}
            by_group: dict[str, list[dict[str, Any]]] = {}
            for row in connection.sql(query, params=values).to_arrow_table().to_pylist():
                by_group.setdefault(row["group_id"], []).append(row)
            found[what] = by_group
    return found


def _standing(photo_of: Mapping[str, str], stands_for: Mapping[str, str]) -> dict[str, str]:
    return {one: stands_for[photo] for one, photo in photo_of.items() if photo in stands_for}


def _photos(
    results: Results, members: pa.Table, shown: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """The photo group of each picture of some framings, by digest; of those that have one."""
    wanted = {one for digests in shown.values() for one in digests}
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
