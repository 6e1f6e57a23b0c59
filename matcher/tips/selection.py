"""What a tip is made of: pictures and captions of chosen groups, framings and accounts."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.matcher.account_names import connect
from frametrace.matcher.framing.by_example.framing_search import posts_in_results
from frametrace.matcher.framing.by_example.saved_framings import checked_framing_name, load_framing
from frametrace.matcher.results import BELONGING, Results
from frametrace.matcher.stage import MatchRun
from frametrace.matcher.tips.ocr_texts import picture_texts
from frametrace.posts.errors import UsageError

__all__ = ["CHOSEN", "Choice", "chosen_posts"]

# One row per chosen post and picture or caption that it carries; `kind` is `picture` or `caption`.
CHOSEN = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("platform", pa.string(), nullable=False),
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("account_kind", pa.string(), nullable=False),
        ("posted_at", pa.timestamp("us", tz="UTC")),
        ("text", pa.string()),
    ]
)

# A group brings the copies of its photo (or its captions) and their posts' captions, an account all
# that it posted. A collage with the photo would bring the others' photos as well. A framing brings
# the captions of its posts and a picture of each. What is written in a picture comes as a caption.
_CHOSEN = """
WITH picked AS (
    SELECT platform, post_id, 'picture' AS kind, media_sha256 AS sha256 FROM members
    WHERE media_sha256 IS NOT NULL
    UNION SELECT m.platform, m.post_id, 'caption', p.caption_sha256
    FROM members m JOIN posts p USING (platform, post_id)
    WHERE p.repost_of IS NULL
    UNION SELECT p.platform, p.post_id, 'picture', l.sha256
    FROM posts p SEMI JOIN accounts USING (platform, account_id)
    JOIN post_media l USING (platform, post_id)
    UNION SELECT p.platform, p.post_id, 'caption', p.caption_sha256
    FROM posts p SEMI JOIN accounts USING (platform, account_id) WHERE p.repost_of IS NULL
)
SELECT k.kind, k.sha256, p.platform, p.post_id, p.account_id, p.account_kind, p.posted_at,
    coalesce(k.written, p.text) AS text
FROM (
    SELECT *, NULL AS written FROM picked
    UNION SELECT k.platform, k.post_id, 'caption', t.text_sha256, t.text
    FROM picked k JOIN picture_texts t USING (sha256) WHERE k.kind = 'picture'
) k JOIN posts p USING (platform, post_id)
WHERE k.sha256 IS NOT NULL
QUALIFY row_number() OVER (
    PARTITION BY k.kind, k.sha256, p.platform, p.post_id ORDER BY written NULLS FIRST) = 1
ORDER BY k.kind, k.sha256, p.platform, p.post_id
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which groups, named framings and accounts; an account by its id, `platform/id`, or name."""

    groups: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    framings: tuple[str, ...] = ()


def chosen_posts(
    case: Case, choice: Choice, matched: tuple[Results, MatchRun] | None = None
) -> pa.Table:
    """The chosen posts with what they carry, in the schema CHOSEN.

    `matched` is the case's last match run; needed for groups and framings. Raises `UsageError` for
    a group, a framing or an account that the case doesn't have, and for an empty choice.
    """
    if not (choice.groups or choice.accounts or choice.framings):
        raise UsageError(
            "a tip is made of groups, framings or accounts: name some with --framing, "
            "--group or --account"
        )
    members = _OF_MEMBERS.empty_table()
    if matched is not None:
        parts = [_of_framing(case, name, *matched) for name in choice.framings]
        members = pa.concat_tables([_members(choice.groups, matched[0]), *parts])
    with connect(case, "posts", "post_media") as connection:
        accounts = _accounts(connection.sql(_KEYS).fetchall(), choice.accounts)
        connection.register("accounts", accounts)
        connection.register("members", members)
        connection.register("picture_texts", picture_texts(case))
        return connection.sql(_CHOSEN).to_arrow_table().cast(CHOSEN)


# What an account may be called besides its id: by its names, and by its number.
_KEYS = """
SELECT platform, account_id, list_concat(
    list(DISTINCT account_name) FILTER (account_name IS NOT NULL),
    list_concat(list(DISTINCT number) FILTER (number IS NOT NULL),
        list(DISTINCT platform || '/' || number) FILTER (number IS NOT NULL))) AS names
FROM posts LEFT JOIN (SELECT platform, handle AS account_id, number FROM handles)
    USING (platform, account_id)
GROUP BY platform, account_id ORDER BY platform, account_id
"""
_OF_MEMBERS = pa.schema([(name, pa.string()) for name in ("platform", "post_id", "media_sha256")])


def _of_framing(case: Case, name: str, results: Results, run: MatchRun) -> pa.Table:
    """The posts that belong to a named framing, each with a picture if it has one."""
    load_framing(case, name)
    posts = posts_in_results(case, results, run, checked_framing_name(name))
    if posts is None:
        raise UsageError(
            f"the framing {name!r} has changed since its posts were looked for; do it with: "
            f"frametrace match {case.path}"
        )
    if not posts.num_rows:
        raise UsageError(
            f"no post belongs to the framing {name!r}; what is most like it, tells: "
            f"frametrace framing {case.path} --name {name}"
        )
    return posts.select(_OF_MEMBERS.names).cast(_OF_MEMBERS)


def _members(groups: Sequence[str], results: Results) -> pa.Table:
    known = set(results.groups["group_id"].to_pylist())
    if unknown := [group for group in groups if group not in known]:
        raise UsageError(
            f"the case has no group {unknown[0]!r}; groups.csv of its report names {len(known):,}"
        )
    members = results.members
    wanted = pc.is_in(members["group_id"], value_set=pa.array(groups, pa.string()))
    belongs = pc.is_in(members["relation"], value_set=pa.array(BELONGING))
    return members.filter(pc.and_(wanted, belongs)).select(_OF_MEMBERS.names).cast(_OF_MEMBERS)


def _accounts(
    known: Sequence[tuple[str, str, Sequence[str] | None]], named: Sequence[str]
) -> pa.Table:
    """The keys of the accounts that are named."""
    found = []
    for name in named:
        same = [
            (platform, account_id)
            for platform, account_id, names in known
            if name in (account_id, f"{platform}/{account_id}", *(names or ()))
        ]
        if len(same) != 1:
            raise UsageError(
                f"{name!r} is an account on {' and '.join(key[0] for key in same)}: name one as "
                f"{same[0][0]}/{same[0][1]}"
                if same
                else f"the case has no account {name!r}; accounts.csv of its report names some"
            )
        found += same
    platforms, ids = [key[0] for key in found], [key[1] for key in found]
    return pa.table(
        {"platform": pa.array(platforms, pa.string()), "account_id": pa.array(ids, pa.string())}
    )
