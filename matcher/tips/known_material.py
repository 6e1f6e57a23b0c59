"""Known material, and what of a case is found to echo it: the tables between the comparisons."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from frametrace.embed.signals import caption_key, pdq, phash
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.local import Local
from frametrace.matcher.tips.tip_model import ITEMS

__all__ = ["FOUND", "MATERIAL", "EchoSettings", "found_in", "names_of"]

# What to look for: one row per picture or caption, under the name it is reported by. A `pdq` of low
# quality says nothing and is not compared (one of unknown quality, from a list of hashes, is);
# `phash` is compared only where there is no `pdq`. `local` finds what these don't; with a
# `thumbnail` it is verified by both pictures, else by the features alone. `vector` finds captions
# that `caption_key` doesn't.
MATERIAL = pa.schema(
    [
        *map(ITEMS.field, ("id", "pdq", "quality", "phash", "caption_key", "local")),
        ("thumbnail", pa.binary()),
        ITEMS.field("vector"),
    ]
)

# One row per picture or text of a case and signal that finds it, as `echoes.ECHOES` has it: the
# nearest item.
FOUND = pa.schema(
    [
        ("sha256", pa.string()),
        ("item", pa.int64()),
        ("signal", pa.string()),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
        ("near", pa.int64()),
        ("relation", pa.string()),
        ("mirrored", pa.bool_()),
    ]
)


@dataclass(frozen=True, slots=True)
class EchoSettings:
    """How near is an echo. `signals` are the names of those to compare by."""

    max_pdq: int = pdq.MAX_DISTANCE
    max_phash: int = phash.MAX_DISTANCE
    signals: tuple[str, ...] = (
        *(pdq.Pdq.name, phash.Phash.name, Local.name),
        *(caption_key.CaptionKey.name, Caption.name),
    )


def found_in(tables: Sequence[pa.Table]) -> pa.Table:
    """Some tables in the schema FOUND as one."""
    return pa.concat_tables([FOUND.empty_table(), *tables]).combine_chunks()


def names_of(signals: Sequence[str]) -> tuple[str, ...]:
    """Those of some signals that material is compared by, in a fixed order."""
    return tuple(name for name in EchoSettings().signals if name in signals)
