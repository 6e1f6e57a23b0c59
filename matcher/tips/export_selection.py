"""Selects the posts, pictures and captions of a tip by groups, named framings and accounts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.matcher.account_names import connect, named_accounts
from frametrace.matcher.framing.by_example.framing_search import posts_in_results
from frametrace.matcher.framing.by_example.saved_framings import checked_framing_name, load_framing
from frametrace.matcher.framing.member_stances import without_disputes
from frametrace.matcher.result_schemas import BELONGING
from frametrace.matcher.saved_results import MatchRun, Results
from frametrace.matcher.tips.texts_in_pictures import texts_in_pictures
from frametrace.posts.errors import UsageError

__all__ = ["SELECTED_POSTS", "Selection", "selected_posts"]

# One row per selected post and picture, video or caption that it carries; `kind` is `picture`,
# `video` or `caption`.
SELECTED_POSTS = pa.schema(
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

# A group selects the copies of its photo (or its captions) and the captions of these posts; not the
# collages that contain the photo, which would add unrelated photos, and not the posts that dispute
# a framing. An account selects everything that it posted. A named framing selects the captions of
# its posts and a picture of each. Text in a picture counts as a caption.
_SELECTED = """
WITH carried AS (
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
SELECT CASE WHEN k.kind = 'picture' AND k.sha256 IN (SELECT sha256 FROM videos)
        THEN 'video' ELSE k.kind END AS kind,
    k.sha256, p.platform, p.post_id, p.account_id, p.account_kind, p.posted_at,
    coalesce(k.picture_text, p.text) AS text
FROM (
    SELECT *, NULL AS picture_text FROM carried
    UNION SELECT k.platform, k.post_id, 'caption', t.text_sha256, t.text
    FROM carried k JOIN texts_in_pictures t USING (sha256) WHERE k.kind = 'picture'
) k JOIN posts p USING (platform, post_id)
WHERE k.sha256 IS NOT NULL
QUALIFY row_number() OVER (
    PARTITION BY k.kind, k.sha256, p.platform, p.post_id ORDER BY picture_text NULLS FIRST) = 1
ORDER BY kind, k.sha256, p.platform, p.post_id
"""


@dataclass(frozen=True, slots=True)
class Selection:
    """The groups, named framings and accounts to export; accounts by id, `platform/id` or name."""

    groups: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    framings: tuple[str, ...] = ()


def selected_posts(
    case: Case, selection: Selection, matched: tuple[Results, MatchRun] | None = None
) -> pa.Table:
    """The selected posts with the pictures and captions they carry, in the schema SELECTED_POSTS.

    `matched` is the case's last match run, needed for groups and framings. Raises `UsageError` for
    a group, framing or account that the case doesn't have, and for an empty selection.
    """
    if not (selection.groups or selection.accounts or selection.framings):
        raise UsageError(
            "a tip is made from groups, framings or accounts: name some with --framing, "
            "--group or --account"
        )
    members = _MEMBERS.empty_table()
    if matched is not None:
        framings = [_framing_posts(case, name, *matched) for name in selection.framings]
        members = pa.concat_tables([_group_posts(selection.groups, matched[0]), *framings])
    with connect(case, "posts", "post_media", "videos") as connection:
        accounts = _account_keys(named_accounts(connection), selection.accounts)
        connection.register("accounts", accounts)
        connection.register("members", members)
        connection.register("texts_in_pictures", texts_in_pictures(case))
        return connection.sql(_SELECTED).to_arrow_table().cast(SELECTED_POSTS)


_MEMBERS = pa.schema([(name, pa.string()) for name in ("platform", "post_id", "media_sha256")])


def _framing_posts(case: Case, name: str, results: Results, run: MatchRun) -> pa.Table:
    """The posts that belong to a named framing, each with one of its pictures if it has any."""
    load_framing(case, name)
    posts = posts_in_results(case, results, run, checked_framing_name(name))
    if posts is None:
        raise UsageError(
            f"the framing {name!r} has changed since the case was matched; match it again with: "
            f"frametrace match {case.path}"
        )
    if not posts.num_rows:
        raise UsageError(
            f"no post belongs to the framing {name!r}; list the most similar posts with: "
            f"frametrace framing {case.path} --name {name}"
        )
    return posts.select(_MEMBERS.names).cast(_MEMBERS)


def _group_posts(groups: Sequence[str], results: Results) -> pa.Table:
    known = set(results.groups["group_id"].to_pylist())
    if unknown := [group for group in groups if group not in known]:
        raise UsageError(
            f"the case has no group {unknown[0]!r}; groups.csv of its report lists the "
            f"{len(known):,} groups that it has"
        )
    members = results.members
    wanted = pc.is_in(members["group_id"], value_set=pa.array(groups, pa.string()))
    belongs = pc.is_in(members["relation"], value_set=pa.array(BELONGING))
    chosen = without_disputes(members.filter(pc.and_(wanted, belongs)))
    return chosen.select(_MEMBERS.names).cast(_MEMBERS)


def _account_keys(
    known: Mapping[str, Collection[tuple[str, str]]], named: Sequence[str]
) -> pa.Table:
    """The platform and id of each named account."""
    keys = []
    for name in named:
        matches = sorted(known.get(name, ()))
        if len(matches) != 1:
            raise UsageError(
                f"{name!r} is an account on {' and '.join(key[0] for key in matches)}: name one as "
                f"{matches[0][0]}/{matches[0][1]}"
                if matches
                else f"the case has no account {name!r}; see accounts.csv of its report"
            )
        keys += matches
    platforms, ids = [key[0] for key in keys], [key[1] for key in keys]
    return pa.table(
        {"platform": pa.array(platforms, pa.string()), "account_id": pa.array(ids, pa.string())}
    )
