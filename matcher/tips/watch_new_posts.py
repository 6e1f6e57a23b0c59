"""Finds newcomers: accounts whose new posts reuse material of tips or of the case's known groups.

Each account is reported once. The known groups are those found before the new posts arrived.
`watch_state` stores what was compared and reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from frametrace.case.store import Case
from frametrace.case.views import query_over
from frametrace.matcher.account_names import connect
from frametrace.matcher.framing.by_example.framing_search import case_contents
from frametrace.matcher.framing.by_example.rank_posts import named_posts
from frametrace.matcher.framing.by_example.saved_framings import framing_names
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.result_schemas import NAMED
from frametrace.matcher.saved_results import Results, results_before
from frametrace.matcher.tips.caption_vectors import same_model
from frametrace.matcher.tips.find_echoes import ECHOES, find_echoes
from frametrace.matcher.tips.known_groups import material_of_groups
from frametrace.matcher.tips.known_material import (
    MATERIAL,
    EchoSettings,
    concat_material,
    in_comparison_order,
    material_of_tip,
)
from frametrace.matcher.tips.read_tip import signals_to_compare
from frametrace.matcher.tips.tip_model import SIGNAL_COLUMNS, Tip
from frametrace.matcher.tips.watch_state import WATCHED_TABLES, WatchState, current_state
from frametrace.work.progress import Progress, Silent

__all__ = ["NEWCOMERS", "WatchResult", "compare_new_posts"]

# One row per newcomer, with its closest echo of known material. `known_as` is the digest of the tip
# or the id of the group, `item_id` the item of the tip or the picture or caption of the group;
# `seen_before` is whether the case held earlier posts of the account. `posts` counts its new posts
# that reuse known material.
NEWCOMERS = pa.schema(
    [
        *(ECHOES.field(name) for name in ("platform", "account_id", "account_kind")),
        ("account_name", pa.string()),
        ("seen_before", pa.bool_()),
        ("posts", pa.int64()),
        ("known_as", pa.string()),
        ("tlp", pa.string()),
        *(ECHOES.field(name) for name in ("item_id", "signal", "distance", "similarity")),
        *(ECHOES.field(name) for name in ("post_id", "posted_at", "text")),
        *(ECHOES.field(name) for name in ("media_sha256", "media_path", "caption_sha256")),
        ECHOES.field("spans"),
    ]
)

# The closest echo: pictures before captions, then by similarity; of equal ones, the earliest post.
_NEWCOMERS = """
WITH ranked AS (
    SELECT e.*, k.known_as, k.tlp,
        count(DISTINCT post_id) OVER (PARTITION BY platform, account_id) AS posts,
        min(account_kind) OVER (PARTITION BY platform, account_id) AS kind
    FROM echoes e JOIN known k ON k.row = e.item
    ANTI JOIN reported USING (platform, account_id)
    ANTI JOIN members USING (platform, account_id)
    QUALIFY row_number() OVER (
        PARTITION BY platform, account_id
        ORDER BY caption_sha256 IS NOT NULL, -similarity, item, posted_at NULLS LAST, post_id,
            media_path) = 1
)
SELECT r.* REPLACE (kind AS account_kind), b.account_id IS NOT NULL AS seen_before
FROM ranked r LEFT JOIN earlier b USING (platform, account_id)
ORDER BY posted_at NULLS LAST, platform, r.account_id
"""

# Accounts that were reported or matched by number, before their handle was known.
_BY_HANDLE = """
CREATE TEMP TABLE {table} AS SELECT t.platform, coalesce(h.handle, t.account_id) AS account_id
FROM {table}_by_number t
LEFT JOIN handles h ON (h.platform, h.number) = (t.platform, t.account_id)
"""

_KNOWN = pa.schema([("known_as", pa.string()), ("tlp", pa.string()), *MATERIAL])
_ACCOUNT = pa.schema([("platform", pa.string()), ("account_id", pa.string())])
_POST_KEY = pa.schema([("platform", pa.string()), ("post_id", pa.string())])


@dataclass(frozen=True, slots=True)
class WatchResult:
    """The result of one comparison: accounts in the schema NEWCOMERS, and counts.

    `posts` counts the new posts and `groups` the known groups; `matched` is the epoch of the match
    run that found these, if any. `named` are the new posts that belong to a named framing, in the
    schema NAMED; `framings` counts the named framings. `state` must be saved once the result has
    been reported.
    """

    newcomers: pa.Table
    posts: int
    groups: int
    matched: int | None
    state: WatchState
    framings: int
    named: pa.Table


def compare_new_posts(
    case: Case, state: WatchState, tips: Sequence[Tip], progress: Progress | None = None
) -> WatchResult:
    """Compare the posts that arrived since `state` with tips, known groups and named framings.

    Members of known groups are not newcomers. Raises `TipError` for a tip with a signal whose
    fingerprint this version of Frametrace doesn't know.
    """
    for tip in tips:
        signals_to_compare(tip)
    results, matched = results_before(case, state.epoch + 1, progress)
    known = concat_material([*(_of_tip(case, tip) for tip in tips), _of_groups(case, results)])
    posts = _new_posts(case, state)
    material = known.select(MATERIAL.names)
    settings = EchoSettings(signals=in_comparison_order(list(SIGNAL_COLUMNS)))
    echoes = (
        find_echoes(case, material, settings, posts, progress=progress)
        if posts.num_rows
        else ECHOES.empty_table()
    )
    newcomers = _newcomers(case, state, results, known, echoes, posts)
    accounts = zip(*(newcomers[name].to_pylist() for name in _ACCOUNT.names), strict=True)
    reported = [*state.reported, *map(list, accounts)]
    return WatchResult(
        newcomers,
        posts.num_rows,
        results.groups.num_rows if results else 0,
        matched,
        replace(current_state(case, reported), pending=state.pending, files=state.files),
        len(framing_names(case)),
        _in_named_framings(case, posts, progress or Silent()),
    )


def _in_named_framings(case: Case, posts: pa.Table, progress: Progress) -> pa.Table:
    """The given posts that belong to a named framing, in the schema NAMED."""
    if not posts.num_rows or not framing_names(case):
        return NAMED.empty_table()
    named = named_posts(case_contents(case, progress), MatchSettings().min_decades, progress)
    with query_over(named=named, posts=posts) as connection:
        new = "SELECT * FROM named SEMI JOIN posts USING (platform, post_id) "
        order = "ORDER BY name, posted_at NULLS LAST, platform, post_id"
        return connection.sql(new + order).to_arrow_table().cast(NAMED)


def _of_tip(case: Case, tip: Tip) -> pa.Table:
    material = material_of_tip(tip)
    if not same_model(case, tip.head):
        no_vectors = pa.nulls(len(material), pa.binary())
        material = material.set_column(MATERIAL.get_field_index("vector"), "vector", no_vectors)
    known_as, tlp = (pa.repeat(text, len(material)) for text in (tip.sha256, tip.head.tlp.label))
    return pa.Table.from_arrays([known_as, tlp, *material.columns], schema=_KNOWN)


def _of_groups(case: Case, results: Results | None) -> pa.Table:
    if results is None:
        return _KNOWN.empty_table()
    groups, material = material_of_groups(case, results)
    no_tlp = pa.nulls(len(material), pa.string())
    return pa.Table.from_arrays([groups, no_tlp, *material.columns], schema=_KNOWN)


def _new_posts(case: Case, state: WatchState) -> pa.Table:
    """The keys of the posts in new shards, and of posts that got pictures in new shards."""
    parts = [_POST_KEY.empty_table()]
    for name in WATCHED_TABLES:
        compared = set(state.shards[name])
        parts += [
            case.read_shard(name, file, _POST_KEY.names).cast(_POST_KEY)
            for file in case.files(name)
            if file.name not in compared
        ]
    return pa.concat_tables(parts).group_by(_POST_KEY.names).aggregate([])


def _newcomers(
    case: Case,
    state: WatchState,
    results: Results | None,
    known: pa.Table,
    echoes: pa.Table,
    posts: pa.Table,
) -> pa.Table:
    reported = [dict(zip(_ACCOUNT.names, account, strict=True)) for account in state.reported]
    numbered = known.select(["known_as", "tlp"])
    numbered = numbered.append_column("row", pa.array(range(known.num_rows), pa.int64()))
    with connect(case, "posts") as connection:
        connection.register("echoes", echoes)
        connection.register("known", numbered)
        excluded = {
            "reported": pa.Table.from_pylist(reported, _ACCOUNT),
            "members": results.accounts if results else _ACCOUNT.empty_table(),
        }
        for name, accounts in excluded.items():
            connection.register(f"{name}_by_number", accounts)
            connection.execute(_BY_HANDLE.format(table=name))
        connection.register("new_posts", posts)
        connection.execute(
            "CREATE TEMP TABLE earlier AS SELECT DISTINCT platform, account_id FROM posts "
            "ANTI JOIN new_posts USING (platform, post_id)"
        )
        newcomers = connection.sql(_NEWCOMERS).to_arrow_table()
    return newcomers.select(NEWCOMERS.names).cast(NEWCOMERS)
