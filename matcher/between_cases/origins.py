"""Records which cases of a union hold each post, picture and caption, as bits of an integer."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.case.views import query_over
from frametrace.matcher.between_cases.union import parts_of

__all__ = ["Origins", "origins_of"]

# A case holds a picture or caption if it holds a post with it.
_ITEMS = """
WITH carried AS (
    SELECT platform, post_id, sha256 FROM post_media
    UNION ALL SELECT platform, post_id, caption_sha256 FROM posts WHERE caption_sha256 IS NOT NULL
)
SELECT sha256, CAST(bit_or(cases) AS BIGINT) AS cases
FROM carried JOIN origins USING (platform, post_id) GROUP BY sha256 ORDER BY sha256
"""


@dataclass(frozen=True, slots=True)
class Origins:
    """The names of a union's cases, and which of them hold each post and item.

    `posts` has the columns platform, post_id and cases; `items` has sha256 (of a picture, or of a
    caption's text) and cases. `cases` is int64: bit 0 is the first case, bit 1 the next, and so on.
    """

    names: tuple[str, ...]
    posts: pa.Table
    items: pa.Table

    def of_items(self, digests: pa.Array) -> pa.Array:
        """The cases that hold these items, int64; 0 for items that no post carries."""
        at = pc.index_in(digests, value_set=self.items["sha256"].combine_chunks())
        return pc.fill_null(self.items["cases"].combine_chunks().take(at), 0)

    def names_of(self, cases: pa.Array) -> pa.Array:
        """The names of cases given as bits, separated by commas: `twitter, facebook`."""
        coded = pc.dictionary_encode(cases)
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.combine_chunks()
        names = [
            ", ".join(name for bit, name in enumerate(self.names) if bits >> bit & 1)
            for bits in coded.dictionary.to_pylist()
        ]
        return pa.array(names, pa.string()).take(coded.indices)


def origins_of(case: Case) -> Origins | None:
    """Which cases of a union hold what; None if the case is not a union."""
    if not (parts := parts_of(case)):
        return None
    tables = {
        "origins": case.read("origins"),
        "posts": case.read("posts", ["platform", "post_id", "caption_sha256"]),
        "post_media": case.read("post_media", ["platform", "post_id", "sha256"]),
    }
    with query_over(**tables) as connection:
        items = connection.sql(_ITEMS).to_arrow_table()
    return Origins(tuple(part.name for part in parts), tables["origins"], items)
