"""Watching: each account that newly reuses known material is told of once, with its evidence.

Known material is that of tips, and of the groups that were found before the new posts arrived. What
was looked at stands in CASE/watch/state.json: the epoch, the shards of posts and of their pictures,
and the accounts that were told of. It is written last, in one step: a watch that is killed earlier
looks at the same posts again, so nobody is missed.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from frametrace.case.files import read_json, to_json, write_atomically
from frametrace.case.locks import writer_lock
from frametrace.case.store import Case
from frametrace.case.views import query_over
from frametrace.matcher.account_names import connect
from frametrace.matcher.framing.by_example.framing_search import case_contents
from frametrace.matcher.framing.by_example.rank_posts import named_posts
from frametrace.matcher.framing.by_example.saved_framings import framing_names
from frametrace.matcher.results import BELONGING, NAMED, Results
from frametrace.matcher.settings import MatchSettings
from frametrace.matcher.stage import results_before
from frametrace.matcher.tips.caption_vectors import made_alike, packed
from frametrace.matcher.tips.echoes import ECHOES, echoes_of
from frametrace.matcher.tips.known_material import MATERIAL, EchoSettings, names_of
from frametrace.matcher.tips.read_tip import comparable
from frametrace.matcher.tips.tip_model import COLUMNS, Tip
from frametrace.posts.errors import CaseError
from frametrace.work.progress import Progress, Silent

__all__ = ["NEWCOMERS", "State", "Watched", "look", "remember", "reported", "watching"]

_FOLDER = "watch"
_STATE = "state.json"
_REPORTED = "reported.txt"  # since the state was written: a line for each hit and place
_TABLES = ("posts", "post_media")  # a known post may get its picture later

# One row per account that is told of: its closest echo of known material. `known_as` is the tip's
# digest or the group's id, `item_id` the tip's item or the group's picture or caption;
# `seen_before` tells whether the case held posts of the account before these. `posts` counts its
# new posts that reuse known material.
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
    ]
)

# The closest: pictures before captions, then by distance; of equals the earliest post.
_NEWCOMERS = """
WITH ranked AS (
    SELECT e.*, k.known_as, k.tlp,
        count(DISTINCT post_id) OVER (PARTITION BY platform, account_id) AS posts,
        min(account_kind) OVER (PARTITION BY platform, account_id) AS kind
    FROM echoes e JOIN known k ON k.at = e.item
    ANTI JOIN told USING (platform, account_id)
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

# What was told, or matched, before an account's handle was known has its number.
_BY_HANDLE = """
CREATE TEMP TABLE {table} AS SELECT t.platform, coalesce(h.handle, t.account_id) AS account_id
FROM {table}_then t LEFT JOIN handles h ON (h.platform, h.number) = (t.platform, t.account_id)
"""

# Of equally near ones the first is told of: a picture's own group before those that it is only
# listed in. A framing is known by its captions, and where there is none by its pictures.
_OF_GROUPS = """
WITH told AS (
    SELECT group_id, relation, media_sha256 IS NOT NULL
        AND (kind = 'photo' OR caption_sha256 IS NULL) AS picture, media_sha256, caption_sha256,
        medoid_sha256
    FROM members
),
held AS (
    SELECT group_id, CASE WHEN picture THEN media_sha256 ELSE caption_sha256 END AS sha256,
        picture, medoid_sha256, bool_and(relation NOT IN {belonging}) AS listed
    FROM told GROUP BY ALL
)
SELECT h.group_id AS known_as, left(h.sha256, 16) AS item_id, {pdq} AS pdq, {quality} AS quality,
    {caption_key} AS caption_key, {local} AS local, {thumbnail} AS thumbnail, {caption} AS vector
FROM held h {joins} ORDER BY h.listed, h.group_id, h.sha256
"""

_KNOWN = pa.schema([("known_as", pa.string()), ("tlp", pa.string()), *MATERIAL])
_ACCOUNT = pa.schema([("platform", pa.string()), ("account_id", pa.string())])


@dataclass(frozen=True, slots=True)
class State:
    """What was looked at: up to which epoch, shard names by table, the accounts told of.

    A watch that stays on keeps besides what it has yet to report, and the size and time of the
    files that it took from its folder.
    """

    epoch: int
    shards: Mapping[str, Sequence[str]]
    told: Sequence[Sequence[str]] = ()  # (platform, account_id)
    pending: Sequence[Mapping[str, Any]] = ()
    files: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Watched:
    """What one look found: accounts in the schema NEWCOMERS; how many posts were new.

    `groups` counts the known groups, `matched` is the epoch of the run that found them, if any.
    `named` are those of the new posts that belong to one of the `framings` that have a name, in
    the schema `NAMED`.
    """

    newcomers: pa.Table
    posts: int
    groups: int
    matched: int | None
    state: State
    framings: int
    named: pa.Table


@contextmanager
def watching(case: Case) -> Iterator[State]:
    """Be the only watch of a case: what it held when it was first watched is taken as seen.

    Raises `CaseLocked` where another process watches it.
    """
    folder = case.path / _FOLDER
    folder.mkdir(exist_ok=True)
    with writer_lock(folder):
        path = folder / _STATE
        if not path.is_file():
            remember(case, _state(case, ()))
        found = read_json(path)
        try:
            shards = {name: list(found["shards"][name]) for name in _TABLES}
            pending = [
                {"hit": dict(one["hit"]), "places": list(one["places"])}
                for one in found.get("pending", [])
            ]
            pending = _waiting(folder, pending)
            files = {name: list(about) for name, about in found.get("files", {}).items()}
            state = State(int(found["epoch"]), shards, found["told"], pending, files)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise CaseError(f"{path} is damaged: restore it, or delete it to begin anew") from None
        yield state


def look(
    case: Case, state: State, tips: Sequence[Tip], progress: Progress | None = None
) -> Watched:
    """Compare the posts that came since with tips, known groups and named framings.

    Members of known groups are no newcomers. Raises `TipError` where a tip's signals were made in
    a way that this Frametrace doesn't know.
    """
    for tip in tips:
        comparable(tip)
    results, matched = results_before(case, state.epoch + 1)
    known = pa.concat_tables([*(_of_tip(case, tip) for tip in tips), _of_groups(case, results)])
    posts = _new_posts(case, state)
    material = known.select(MATERIAL.names)
    settings = EchoSettings(signals=names_of(list(COLUMNS)))
    echoes = (
        echoes_of(case, material, settings, posts, progress=progress)
        if posts.num_rows
        else ECHOES.empty_table()
    )
    newcomers = _newcomers(case, state, results, known, echoes, posts)
    told = [list(key) for key in zip(*_columns(newcomers, _ACCOUNT.names), strict=True)]
    return Watched(
        newcomers,
        posts.num_rows,
        results.groups.num_rows if results else 0,
        matched,
        replace(_state(case, [*state.told, *told]), pending=state.pending, files=state.files),
        len(framing_names(case)),
        _named(case, posts, progress or Silent()),
    )


def _named(case: Case, posts: pa.Table, progress: Progress) -> pa.Table:
    """Those of some posts that belong to a named framing."""
    if not posts.num_rows or not framing_names(case):
        return NAMED.empty_table()
    named = named_posts(case_contents(case, progress), MatchSettings().min_decades, progress)
    with query_over(named=named, posts=posts) as connection:
        new = "SELECT * FROM named SEMI JOIN posts USING (platform, post_id) "
        order = "ORDER BY name, posted_at NULLS LAST, platform, post_id"
        return connection.sql(new + order).to_arrow_table().cast(NAMED)


def remember(case: Case, state: State) -> None:
    """Keep what was looked at; only after the result has reached whoever asked for it."""
    write_atomically(case.path / _FOLDER / _STATE, to_json(asdict(state)))
    (case.path / _FOLDER / _REPORTED).unlink(missing_ok=True)


def reported(case: Case, hit: str, place: str) -> None:
    """Note that a place has a hit, by its id, until the next `remember`.

    Raises `CaseError` where it can't be written.
    """
    path = case.path / _FOLDER / _REPORTED
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{hit} {place}\n")
    except OSError as error:
        raise CaseError(f"{path} can't be written: {error.strerror or error}") from None


def _waiting(folder: Path, pending: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What still waits after a watch that was killed."""
    with suppress(FileNotFoundError):
        lines = set((folder / _REPORTED).read_text("utf-8").splitlines())
        pending = [
            {**one, "places": [p for p in one["places"] if f"{one['hit']['id']} {p}" not in lines]}
            for one in pending
        ]
    return [dict(one) for one in pending if one["places"]]


def _state(case: Case, told: Sequence[Sequence[str]]) -> State:
    shards = {name: sorted(case.epoch.shards.get(name, {})) for name in _TABLES}
    return State(case.epoch.number, shards, told)


def _columns(table: pa.Table, names: Sequence[str]) -> list[list[Any]]:
    return [table[name].to_pylist() for name in names]


def _of_tip(case: Case, tip: Tip) -> pa.Table:
    items = tip.items
    if not made_alike(case, tip.head):
        none = pa.nulls(len(items), pa.binary())
        items = items.set_column(items.column_names.index("vector"), "vector", none)
    items = items.append_column("thumbnail", pa.nulls(len(tip.items), pa.binary()))
    items = items.select(MATERIAL.names)
    names = {"known_as": tip.sha256, "tlp": tip.head.tlp.label}
    columns = [pa.array([value] * items.num_rows, pa.string()) for value in names.values()]
    return pa.Table.from_arrays([*columns, *items.columns], schema=_KNOWN)


def _of_groups(case: Case, results: Results | None) -> pa.Table:
    if results is None:
        return _KNOWN.empty_table()
    names = ("pdq", "caption_key", "local", "thumbnail", "caption")
    has = [name for name in names if case.epoch.rows(f"signals/{name}")]
    # A photo is known by its medoid: edited copies of other members are edited copies of it.
    photo = "h.picture AND h.sha256 = h.medoid_sha256"
    joins = {
        "local": f"LEFT JOIN local l ON {photo} AND l.sha256 = h.sha256",
        "thumbnail": f"LEFT JOIN thumbnail t ON {photo} AND t.sha256 = h.sha256",
        "pdq": "LEFT JOIN pdq p ON h.picture AND p.sha256 = h.sha256",
        "caption_key": "LEFT JOIN caption_key k ON NOT h.picture AND k.sha256 = h.sha256",
        "caption": "LEFT JOIN caption c ON NOT h.picture AND c.sha256 = h.sha256",
    }
    query = _OF_GROUPS.format(
        belonging=BELONGING,
        pdq="p.code" if "pdq" in has else "NULL",
        quality="p.quality" if "pdq" in has else "NULL",
        caption_key="k.code" if "caption_key" in has else "NULL",
        local="l.code" if "local" in has else "NULL",
        thumbnail="t.code" if "thumbnail" in has else "NULL",
        caption="c.code" if "caption" in has else "NULL",
        joins=" ".join(joins[name] for name in has),
    )
    with connect(case, *(f"signals/{name}" for name in has)) as connection:
        connection.register("members", results.members)
        rows = connection.sql(query).to_arrow_table()
    return pa.table(
        {
            "known_as": rows["known_as"],
            "tlp": pa.nulls(rows.num_rows, pa.string()),
            "id": rows["item_id"],
            "pdq": rows["pdq"].cast(pa.binary()).cast(pa.binary(32)),
            "quality": rows["quality"].cast(pa.uint8()),
            "phash": pa.nulls(rows.num_rows, pa.binary(8)),
            "caption_key": _packed(rows["caption_key"]),
            "local": rows["local"].cast(pa.binary()),
            "thumbnail": rows["thumbnail"].cast(pa.binary()),
            "vector": _vectors(rows["vector"]),
        }
    ).cast(_KNOWN)


def _vectors(values: pa.ChunkedArray) -> pa.Array:
    """Vectors, or none at all, as tips hold them."""
    known = np.flatnonzero(values.is_valid().to_numpy())
    column = np.full(len(values), None, object)
    for at, value in zip(known, values.drop_null(), strict=True):
        column[at] = packed(value.values.to_numpy()[None])[0]
    return pa.array(column, pa.binary())


def _packed(keys: pa.ChunkedArray) -> pa.Array:
    """MinHash keys, or none at all, as the bytes that tips hold."""
    kind = _KNOWN.field("caption_key").type
    if pa.types.is_null(keys.type) or keys.null_count == len(keys):
        return pa.nulls(len(keys), kind)
    valid = keys.is_valid().to_numpy()
    numbers = keys.drop_null().combine_chunks().flatten().to_numpy().astype(">u4")
    packed = pa.FixedSizeBinaryArray.from_buffers(
        kind, int(valid.sum()), [None, pa.py_buffer(numbers.tobytes())]
    )
    return packed.take(pa.array(np.cumsum(valid) - 1, mask=~valid))


def _new_posts(case: Case, state: State) -> pa.Table:
    """The keys of posts in shards that were not looked at, or with pictures in such."""
    parts = [pa.schema([("platform", pa.string()), ("post_id", pa.string())]).empty_table()]
    for name in _TABLES:
        known = set(state.shards[name])
        shards = case.epoch.shards.get(name, {})
        then = Case(case.path)
        then.epoch = replace(
            case.epoch, shards={name: {k: v for k, v in shards.items() if k not in known}}
        )
        parts.append(then.read(name, ["platform", "post_id"]))
    keys = pa.concat_tables(parts, promote_options="permissive")
    return keys.group_by(["platform", "post_id"]).aggregate([])


def _newcomers(
    case: Case,
    state: State,
    results: Results | None,
    known: pa.Table,
    echoes: pa.Table,
    posts: pa.Table,
) -> pa.Table:
    rows = [dict(zip(_ACCOUNT.names, key, strict=True)) for key in state.told]
    numbered = known.select(["known_as", "tlp"])
    numbered = numbered.append_column("at", pa.array(range(known.num_rows), pa.int64()))
    with connect(case, "posts") as connection:
        connection.register("echoes", echoes)
        connection.register("known", numbered)
        earlier = {
            "told": pa.Table.from_pylist(rows, _ACCOUNT),
            "members": results.accounts if results else _ACCOUNT.empty_table(),
        }
        for name, accounts in earlier.items():
            connection.register(f"{name}_then", accounts)
            connection.execute(_BY_HANDLE.format(table=name))
        connection.register("fresh", posts)
        connection.execute(
            "CREATE TEMP TABLE earlier AS SELECT DISTINCT platform, account_id FROM posts "
            "ANTI JOIN fresh USING (platform, post_id)"
        )
        found = connection.sql(_NEWCOMERS).to_arrow_table()
    return found.select(NEWCOMERS.names).cast(NEWCOMERS)
