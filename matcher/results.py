"""The tables that matching makes, and where they lie: the contract between matcher and app."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

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
    "TIED_BY",
    "TIES",
    "Change",
    "GroupKind",
    "Matches",
    "Relation",
    "Results",
    "of_any_version",
]


class Relation(StrEnum):
    """What ties two items, or a member to its group's medoid."""

    COPY = "copy"
    CONTAINS = "contains"
    PART = "part"  # of members: the group's photo contains it
    SIMILAR = "similar"
    SHARES_ELEMENT = "shares_element"  # an app's bars, a logo, a caption: ties nobody
    SAME_SCENE = "same_scene"  # another shot of it, as far as pixels tell: ties nobody


# Of members: those that a group is made of. Others contain its photo, or are a part of it.
BELONGING = (str(Relation.COPY), str(Relation.SIMILAR))


class GroupKind(StrEnum):
    """What the members of a group share."""

    PHOTO = "photo"
    FRAMING = "framing"
    ELEMENT = "element"  # no photo and no framing: an app's bars, a watermark; ties nobody


class Change(StrEnum):
    """What became of a group since the run it is compared with.

    A group comes from the previous groups of its kind with which it has a member (a post with one
    picture or caption) in common, and is their heir.
    """

    NEW = "new"  # comes from no previous group; its posts may have been in the case, ungrouped
    GREW = "grew"  # the only heir of the one group it comes from: has all its members, and more
    MERGED = "merged"  # the only heir of two previous groups or more
    SPLIT = "split"  # comes from one previous group, which has other heirs as well
    CHANGED = "changed"  # lost members, or took some of a group that has other heirs, or both
    SAME = "same"  # has the very members of the one group it comes from
    GONE = "gone"  # a previous group without heirs


_TIME = pa.timestamp("us", tz="UTC")

# Who posted what and when: the same columns in every table that has a row per post.
POST_FIELDS = (
    pa.field("platform", pa.string(), nullable=False),
    pa.field("post_id", pa.string(), nullable=False),
    pa.field("account_id", pa.string(), nullable=False),
    pa.field("account_kind", pa.string(), nullable=False),
    pa.field("account_name", pa.string()),
    pa.field("posted_at", _TIME),
)

# A part of a picture, in fractions of its width and height from the top left.
BOX = pa.struct([(name, pa.float32()) for name in ("x0", "y0", "x1", "y1")])

# How a picture A is seen in a picture B, by local features (see `pictures.evidence.Evidence`); null
# for other signals. `part_a` is the part of A's area seen in B; `altered` are the parts of B that
# show something else than A does.
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

# What ties a post to a framing, each kind of evidence with the signal that says most of it:
# `captions` or `caption and lettering`, `lettering`, `pictures`. `decades` is how rare that is
# among unrelated posts: 3 is one of 1,000 pairs.
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

# One row per verified pair and signal. The digests are of the picture's bytes, or of the caption's
# UTF-8 text for caption signals. `distance` is in bits for hashes, and null for similarities;
# `similarity` is a cosine or a Jaccard similarity, or the part of the features that are inliers.
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

# Where several cases are matched at once, it says which of them hold the post; else it is null.
CASE_NAME = "case_name"
_IN_CASE = pa.field(CASE_NAME, pa.string())

# One row per group, ordered by spread: platforms, then accounts, then posts, all descending, then
# group_id. `medoid_sha256` is the picture (or caption) that the members are tied to.
GROUPS = pa.schema(
    [
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("medoid_sha256", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        ("platforms", pa.list_(pa.string())),
        ("posts", pa.int64()),
        ("accounts", pa.int64()),  # all actors: accounts, pages, groups and channels together
        ("pages", pa.int64()),
        ("groups", pa.int64()),
        ("channels", pa.int64()),
        ("items", pa.int64()),  # distinct pictures (or captions)
        ("first_at", _TIME),
        ("last_at", _TIME),
        ("signals", pa.list_(pa.string())),
        # Of photos, the mean similarity of the members but containers and parts; of framings, the
        # part of the pairs of what they say that is alike by itself.
        ("cohesion", pa.float32()),
    ]
)

# One row per group and post (and picture, where a post carries several of the group's pictures).
# `signal`, `distance` and `similarity` tie the member's item to the medoid; where `via_sha256` is
# set they tie it to that member instead, which is itself tied to the medoid (one recorded step). In
# the evidence B is the member's item and A the one that it is tied to. A picture that `contains`
# the group's photo, or is a `part` of it, is tied to a copy of that and may stand in many groups;
# its own copies are tied to it.
#
# In a framing there is one row per post. It is tied to the post `via_post_id`, the next on the
# strongest path to the group's medoid, by what `tied_by` lists; `decades` is the sum, `signal` and
# `similarity` are the strongest; `medoid_sha256` is the medoid's caption or picture.
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
        _IN_CASE,
    ]
)

# One row per framing group, in the order of the groups: what it is about. `terms` set it apart from
# the others; `representatives` are posts that say it best, one of each language; `pictures` are
# files, those of most posts first, `lettering` what is written in them; `rise` is when posts of
# each platform came: the first, half of them, the last.
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
    ]
)

# One row per post that was compared with examples (see `framing.example`), the most alike first:
# `tied_by` is as above, with the `example` that each kind of evidence is by; `decades` is the sum
# without what counter-examples take, which is `against`.
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
    ]
)

# One row per framing that was saved under a name and post that belongs to it, by name.
NAMED = pa.schema([pa.field("name", pa.string(), nullable=False), *RANKED])

# One row per content (see `framing.contents`) with a text or a picture, or a sample of them: where
# it lies on a map on which contents that are alike lie together, both coordinates in [0, 1]. Its
# earliest post stands for it; `posts` is how many say the same. `group_id` is null outside groups.
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

# One row per account of the case that takes part in a group.
ACCOUNTS = pa.schema(
    [
        pa.field("platform", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("account_kind", pa.string(), nullable=False),
        ("account_name", pa.string()),
        ("posts", pa.int64()),  # in the whole case
        ("photo_groups", pa.int64()),
        ("framing_groups", pa.int64()),
        ("first_at", _TIME),
        ("last_at", _TIME),
        _IN_CASE,
    ]
)

# One row per pair of accounts that share photo groups; a < b by (platform, account_id). A pair is
# tied significantly where `q_value`, its false discovery rate, is at most the setting `fdr`; where
# there are many pairs, only these are listed. What follows `group_ids` is null in old results,
# and the names of cases where one case was matched.
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
        ("first_shared_at", _TIME),  # when both had shared one of the groups
        ("closest_seconds", pa.float64()),  # between two posts of one group
        ("community_a", pa.int64()),  # by significant ties, the largest is 0; null without any
        ("community_b", pa.int64()),
        (f"{CASE_NAME}_a", pa.string()),
        (f"{CASE_NAME}_b", pa.string()),
    ]
)

# One row per group, in their order, then one per previous group that is gone (`group_id` is null
# there). No rows where there was no earlier run to compare with. New posts are those that none of
# the previous groups held, new accounts those that had no post in them.
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


class Matches:
    """The rows of `MATCHES`, ordered, which stay on disk: there can be very many."""

    def __init__(self, path: Path | None = None) -> None:
        # Open for as long as it lives: another run may take the file's place.
        self._file = pq.ParquetFile(path, memory_map=True) if path is not None else None
        self.num_rows: int = self._file.metadata.num_rows if self._file is not None else 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, some at a time."""
        for batch in self._file.iter_batches() if self._file is not None else ():
            rows = of_any_version(pa.Table.from_batches([batch]), MATCHES)
            yield from rows.to_batches()

    def table(self) -> pa.Table:
        """All rows at once."""
        return pa.Table.from_batches(self.batches(), MATCHES)


@dataclass(frozen=True, slots=True)
class Results:
    """What one match run found, in the schemas above; every table is in stable order.

    `changes` and `arrivals` say what is new since an earlier run; without one they are empty.
    `framings`, `map` and `named` are empty in the results of older versions.
    """

    groups: pa.Table
    members: pa.Table
    accounts: pa.Table
    ties: pa.Table
    framings: pa.Table = field(default_factory=FRAMINGS.empty_table)
    map: pa.Table = field(default_factory=MAP.empty_table)
    named: pa.Table = field(default_factory=NAMED.empty_table)
    changes: pa.Table = field(default_factory=CHANGES.empty_table)
    arrivals: pa.Table = field(default_factory=ARRIVALS.empty_table)
    matches: Matches = field(default_factory=Matches, compare=False)

    @classmethod
    def tables(cls) -> list[str]:
        """The names of those that are held as tables."""
        return [each.name for each in fields(cls) if each.name != "matches"]


def of_any_version(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with the columns of today; those that its version did not have are null.

    Raises ValueError or KeyError where it lacks what every version had.
    """
    for column in schema:
        if column.nullable and column.name not in table.column_names:
            table = table.append_column(column, pa.nulls(table.num_rows, column.type))
    return table.select(schema.names).cast(schema)
