"""The schemas of the result tables: the contract between the matcher and the app."""

from enum import StrEnum

import pyarrow as pa

__all__ = [
    "ACCOUNTS",
    "ARRIVALS",
    "BELONGING",
    "BOX",
    "CASE_NAME",
    "CHANGES",
    "EVIDENCE",
    "FRAMINGS",
    "GROUPS",
    "MAP",
    "MATCHES",
    "MEMBERS",
    "NAMED",
    "ORDER_OF_MATCHES",
    "POST_FIELDS",
    "RANKED",
    "SPANS",
    "TIED_BY",
    "TIES",
    "VIDEO_MATCHES",
    "Change",
    "GroupKind",
    "Relation",
    "upgraded",
]


class Relation(StrEnum):
    """How two items, or a member and its group's medoid, are related."""

    COPY = "copy"
    CONTAINS = "contains"
    PART = "part"  # only of members: the group's photo contains the member's picture
    SIMILAR = "similar"
    SHARES_ELEMENT = "shares_element"  # an app's bars, a logo, a caption: never ties accounts
    SAME_SCENE = "same_scene"  # another shot of the same scene: never ties accounts


# The relations of a group's own members; other rows contain its photo or are a part of it.
BELONGING = (str(Relation.COPY), str(Relation.SIMILAR))


class GroupKind(StrEnum):
    """What the members of a group share."""

    PHOTO = "photo"
    FRAMING = "framing"
    # An app's bars, a watermark: neither photo nor framing, never ties accounts.
    ELEMENT = "element"


class Change(StrEnum):
    """How a group changed since an earlier run.

    A group descends from each earlier group of its kind that shares a member with it: a post with
    one picture or caption.
    """

    NEW = "new"  # descends from no earlier group; its posts may have been in the case, ungrouped
    GREW = "grew"  # the only descendant of one earlier group: has all its members, and more
    MERGED = "merged"  # the only descendant of two or more earlier groups
    SPLIT = "split"  # descends from one earlier group, which has other descendants as well
    CHANGED = "changed"  # lost members, or gained some from a group with other descendants, or both
    SAME = "same"  # has exactly the members of the one group it descends from
    GONE = "gone"  # an earlier group without descendants


_TIME = pa.timestamp("us", tz="UTC")

# Who posted what and when: these columns are in every table with one row per post.
POST_FIELDS = (
    pa.field("platform", pa.string(), nullable=False),
    pa.field("post_id", pa.string(), nullable=False),
    pa.field("account_id", pa.string(), nullable=False),
    pa.field("account_kind", pa.string(), nullable=False),
    pa.field("account_name", pa.string()),
    pa.field("posted_at", _TIME),
)

# A box in a picture, in fractions of its width and height from the top left.
BOX = pa.struct([(name, pa.float32()) for name in ("x0", "y0", "x1", "y1")])

# How picture A appears in picture B, by local features (see `pictures.pair_evidence`); null for
# other signals. `part_a` is the part of A's area that is seen in B; `altered` lists the boxes of B
# that show something other than A.
EVIDENCE = pa.schema(
    [
        ("inliers", pa.int32()),
        ("mirrored", pa.bool_()),
        ("scale", pa.float32()),
        ("rotation", pa.float32()),
        ("shift_x", pa.float32()),
        ("shift_y", pa.float32()),
        ("part_a", pa.float32()),
        ("part_b", pa.float32()),
        ("altered", pa.list_(BOX)),
        ("altered_part", pa.float32()),
    ]
)

# What ties a post to a framing. `kind` is `captions`, `caption and lettering` (a caption and the
# text in a picture), `lettering` or `pictures`; `signal` is the one that counts most in it.
# `decades` is the rarity, −log₁₀ p: 3 is as similar as one in 1,000 pairs of unrelated posts.
TIED_BY = pa.list_(
    pa.struct(
        [
            ("kind", pa.string()),
            ("signal", pa.string()),
            ("similarity", pa.float32()),
            ("decades", pa.float32()),
        ]
    )
)

# One row per verified pair and signal. The digests are those of the pictures' bytes, or of the
# captions' UTF-8 text. `distance` is in bits, and null unless the signal is a hash; `similarity` is
# a cosine or Jaccard similarity, the part of equal bits, or the part of features that are inliers.
MATCHES = pa.schema(
    [
        pa.field("sha256_a", pa.string(), nullable=False),
        pa.field("sha256_b", pa.string(), nullable=False),
        pa.field("relation", pa.string(), nullable=False),
        pa.field("signal", pa.string(), nullable=False),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
        *EVIDENCE,
    ]
)

ORDER_OF_MATCHES = [(name, "ascending") for name in ("relation", "sha256_a", "sha256_b", "signal")]

# From when to when two items show the same, in milliseconds of A and of B; a picture is at 0 to 0.
# `mirrored`: one shows the mirror image of the other.
SPANS = pa.list_(
    pa.struct(
        [
            *((f"{end}_{side}_ms", pa.int64()) for side in "ab" for end in ("start", "end")),
            ("mirrored", pa.bool_()),
        ]
    )
)

# One row per pair of media items, at least one of them a video, that have something in common: the
# digests of their bytes, `sha256_a` < `sha256_b`. `share_a` is the part of A's time that B shows,
# 0 to 1; 1 for a picture. `frames` is the number of pairs of frames that were found to agree;
# `frame_a` and `frame_b` are the digests of the two that agree best, which the evidence of the
# match is about: those of frames, or of the picture's bytes.
VIDEO_MATCHES = pa.schema(
    [
        pa.field("sha256_a", pa.string(), nullable=False),
        pa.field("sha256_b", pa.string(), nullable=False),
        pa.field("relation", pa.string(), nullable=False),
        ("share_a", pa.float32()),
        ("share_b", pa.float32()),
        ("frames", pa.int32()),
        ("frame_a", pa.string()),
        ("frame_b", pa.string()),
        ("spans", SPANS),
    ]
)

# The cases that hold the post; null unless several cases were matched together.
CASE_NAME = "case_name"
_IN_CASE = pa.field(CASE_NAME, pa.string())

# One row per group, ordered by spread: most platforms, then most accounts, then most posts, then
# group_id. `medoid_sha256` is the picture (or caption) that all members are tied to.
GROUPS = pa.schema(
    [
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("medoid_sha256", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        ("platforms", pa.list_(pa.string())),
        ("posts", pa.int64()),
        ("accounts", pa.int64()),  # accounts, pages, groups and channels together
        ("pages", pa.int64()),
        ("groups", pa.int64()),
        ("channels", pa.int64()),
        ("items", pa.int64()),  # distinct pictures (or captions)
        ("first_at", _TIME),
        ("last_at", _TIME),
        ("signals", pa.list_(pa.string())),
        # Of photo groups, the mean similarity of the copies; of framing groups, the part of the
        # pairs of contents that are similar without a third content between them.
        ("cohesion", pa.float32()),
    ]
)

# One row per group and post (and picture, where a post carries several of the group's pictures).
# `signal`, `distance` and `similarity` tie the member's item to the medoid; where `via_sha256` is
# set, they tie it to that member instead, which is itself tied to the medoid (one recorded step).
# In the evidence B is the member's item, and A the item that it is tied to. A picture that
# `contains` the group's photo, or is a `part` of it, is tied to a copy of the photo and may be
# listed in many groups; copies of such a picture are tied to it.
#
# In a framing group there is one row per post. It is tied to the post `via_post_id`, the next on
# the strongest path to the group's medoid, by what `tied_by` lists. `decades` is the sum of the
# rarities, `signal` and `similarity` are those of the strongest evidence, and `medoid_sha256` is
# the medoid's caption or picture. `stance` is `asserts`, `disputes` or `unclear`, and `stance_cue`
# the words, link or account that show it; a post without any cue counts as one that asserts. Both
# are null in groups of other kinds, and in the results of versions that had no stances.
MEMBERS = pa.schema(
    [
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("relation", pa.string(), nullable=False),
        *POST_FIELDS,
        ("text", pa.string()),
        ("media_sha256", pa.string()),
        ("media_path", pa.string()),
        ("caption_sha256", pa.string()),
        pa.field("medoid_sha256", pa.string(), nullable=False),
        ("via_sha256", pa.string()),
        ("signal", pa.string()),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
        *EVIDENCE,
        ("decades", pa.float32()),
        ("tied_by", TIED_BY),
        ("via_platform", pa.string()),
        ("via_post_id", pa.string()),
        ("stance", pa.string()),
        ("stance_cue", pa.string()),
        _IN_CASE,
    ]
)

# One row per framing group, in the order of the groups: what it is about. `terms` distinguish it
# from the other groups; `representatives` are its most typical posts, one per language; `pictures`
# are its picture files, most posted first, and `lettering` the text in them; `rise` gives for each
# platform when the first post came, half of the posts, and the last. The last three columns count
# its posts by stance; they are null in the results of versions
# that had no stances.
FRAMINGS = pa.schema(
    [
        pa.field("group_id", pa.string(), nullable=False),
        ("terms", pa.list_(pa.string())),
        (
            "representatives",
            pa.list_(
                pa.struct(
                    [
                        ("language", pa.string()),
                        ("platform", pa.string()),
                        ("post_id", pa.string()),
                        ("text", pa.string()),
                    ]
                )
            ),
        ),
        ("pictures", pa.list_(pa.string())),
        ("lettering", pa.list_(pa.string())),
        (
            "rise",
            pa.list_(
                pa.struct(
                    [
                        ("platform", pa.string()),
                        ("posts", pa.int64()),
                        ("first_at", _TIME),
                        ("half_at", _TIME),
                        ("last_at", _TIME),
                    ]
                )
            ),
        ),
        ("asserts", pa.int64()),
        ("disputes", pa.int64()),
        ("unclear", pa.int64()),
    ]
)

# One row per post that was compared with examples (see `framing.by_example`), most similar first.
# `tied_by` is as above, with the `example` of each kind of evidence; `decades` is the sum of the
# rarities less `against`, the part that counter-examples subtract. The stances of posts that belong
# are as in `MEMBERS`.
RANKED = pa.schema(
    [
        ("decades", pa.float32()),
        ("belongs", pa.bool_()),
        ("against", pa.float32()),
        *POST_FIELDS,
        ("text", pa.string()),
        ("media_sha256", pa.string()),
        ("media_path", pa.string()),
        ("caption_sha256", pa.string()),
        (
            "tied_by",
            pa.list_(pa.struct([*TIED_BY.value_type.fields, pa.field("example", pa.string())])),
        ),
        ("stance", pa.string()),
        ("stance_cue", pa.string()),
    ]
)

# One row per post that belongs to a framing saved under a name, ordered by name.
NAMED = pa.schema([pa.field("name", pa.string(), nullable=False), *RANKED])

# One row per distinct content (see `framing.distinct_contents`), or per content of a sample: its
# position on a map that puts similar contents close together, both coordinates in [0, 1]. The post
# is the earliest one with this content; `posts` counts all. `group_id` is null outside groups.
MAP = pa.schema(
    [
        ("x", pa.float32()),
        ("y", pa.float32()),
        pa.field("platform", pa.string(), nullable=False),
        pa.field("post_id", pa.string(), nullable=False),
        ("posts", pa.int64()),
        ("group_id", pa.string()),
    ]
)

# One row per account with a post in a group.
ACCOUNTS = pa.schema(
    [
        pa.field("platform", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("account_kind", pa.string(), nullable=False),
        ("account_name", pa.string()),
        ("posts", pa.int64()),  # in the whole case
        ("photo_groups", pa.int64()),
        ("framing_groups", pa.int64()),  # with a post that doesn't dispute the framing
        ("first_at", _TIME),
        ("last_at", _TIME),
        _IN_CASE,
    ]
)

# One row per pair of accounts that share photo groups; a < b by (platform, account_id). A tie is
# significant if `q_value`, its false discovery rate, is at most the setting `fdr`; of many pairs
# only the significant ones are listed. Columns after `group_ids` may be null in old results, and
# the names of cases are null if one case was matched.
TIES = pa.schema(
    [
        pa.field("platform_a", pa.string(), nullable=False),
        pa.field("account_id_a", pa.string(), nullable=False),
        pa.field("platform_b", pa.string(), nullable=False),
        pa.field("account_id_b", pa.string(), nullable=False),
        ("shared_groups", pa.int64()),
        ("group_ids", pa.list_(pa.string())),
        ("p_value", pa.float64()),
        ("q_value", pa.float64()),
        ("first_shared_at", _TIME),  # the first time that both had posted in one of the groups
        ("closest_seconds", pa.float64()),  # between two posts in one group
        ("community_a", pa.int64()),  # from significant ties, the largest is 0; null without ties
        ("community_b", pa.int64()),
        (f"{CASE_NAME}_a", pa.string()),
        (f"{CASE_NAME}_b", pa.string()),
    ]
)

# One row per group, in the order of the groups, then one per earlier group that is gone (with
# `group_id` null). Empty if there is no earlier run to compare with. New posts are those that were
# in none of the earlier groups, new accounts those that had no post in them.
CHANGES = pa.schema(
    [
        ("group_id", pa.string()),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("change", pa.string(), nullable=False),
        ("previous_ids", pa.list_(pa.string())),
        ("new_posts", pa.int64()),
        ("new_accounts", pa.int64()),
    ]
)

# One row per group and post that is new to it, in the order of the groups.
ARRIVALS = pa.schema(
    [
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("platform", pa.string(), nullable=False),
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("new_account", pa.bool_(), nullable=False),
    ]
)


def upgraded(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table of any version in the current schema; columns that its version lacks are null.

    Raises `ValueError` or `KeyError` if a column that every version has is missing.
    """
    for column in schema:
        if column.nullable and column.name not in table.column_names:
            table = table.append_column(column, pa.nulls(table.num_rows, column.type))
    return table.select(schema.names).cast(schema)
