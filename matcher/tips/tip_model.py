"""Defines the data model of a tip: its head, its items as a table, its sharing marking (TLP)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import pyarrow as pa

from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.pdq import Pdq
from frametrace.embed.signals.phash import Phash
from frametrace.embed.text.minhash_values import PERMUTATIONS
from frametrace.matcher.tips.signatures import Signature
from frametrace.posts.model import AccountKind

__all__ = [
    "ACCOUNT_KINDS",
    "FINGERPRINTS",
    "FRAMES",
    "ITEMS",
    "MAX_DURATION",
    "MAX_FEATURES",
    "MAX_FRAMES",
    "MAX_SHOWN",
    "SIGNAL_COLUMNS",
    "VIDEO",
    "Head",
    "ItemKind",
    "Tip",
    "Tlp",
    "program_version",
]


class Tlp(StrEnum):
    """With whom a tip may be shared, by the Traffic Light Protocol 2.0 (FIRST, 2022)."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    AMBER_STRICT = "amber+strict"
    RED = "red"

    @property
    def label(self) -> str:
        """The form in which the protocol wants the marking written on shared material."""
        return f"TLP:{self.upper()}"

    @classmethod
    def strictest(cls, markings: Iterable[Self]) -> Self:
        """The strictest of several markings."""
        return max(markings, key=tuple(cls).index)  # defined from the least strict on


class ItemKind(StrEnum):
    """Whether an item of a tip represents a picture, a video or a text."""

    PICTURE = "picture"
    VIDEO = "video"
    CAPTION = "caption"


ACCOUNT_KINDS = tuple(map(str, AccountKind))

# The fingerprints of the signals that items are compared by. For caption vectors the tip's head
# names the model: a receiver compares them only if its case uses the same model.
FINGERPRINTS: Mapping[str, str] = {
    signal.name: signal.made_by["fingerprint"] for signal in (Pdq(), Phash(), CaptionKey(), Local())
}
# Local features of a picture that a tip carries at most, the best ones: 8 kB in base64.
MAX_FEATURES = 272

# The member of an item's signals that holds a video, and what it may hold at most.
VIDEO = "video"
MAX_FRAMES = 256  # of a video; exports have far fewer, converted lists of hashes up to this many
MAX_SHOWN = 64  # intervals in which a video shows one frame
MAX_DURATION = 864_000_000  # ms: ten days

_COUNT = pa.struct(
    [
        ("platform", pa.string()),
        ("kind", pa.string()),
        ("accounts", pa.int64()),
        ("posts", pa.int64()),
    ]
)

# The column of ITEMS that holds each signal.
SIGNAL_COLUMNS: Mapping[str, str] = {
    **{name: name for name in FINGERPRINTS},
    Caption.name: "vector",
}

# One row per item, in the tip's order. A signal that the item lacks is null. `duration_ms` is set
# for videos, whose signals are in FRAMES.
ITEMS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        ("pdq", pa.binary(32)),
        ("quality", pa.uint8()),
        ("phash", pa.binary(8)),
        ("caption_key", pa.binary(4 * PERMUTATIONS)),  # big-endian numbers of 32 bits
        ("local", pa.binary()),
        ("vector", pa.binary()),
        ("first_seen", pa.string()),
        ("last_seen", pa.string()),
        ("counts", pa.list_(_COUNT)),
        ("caption", pa.string()),
        ("label", pa.string()),
        ("duration_ms", pa.int64()),
    ]
)

# One row per frame of a video: `item` is the row of its video in ITEMS, ascending. `shown` holds
# the start and the end of each interval in which the video shows it, in ms, ascending.
FRAMES = pa.schema(
    [
        pa.field("item", pa.int64(), nullable=False),
        pa.field("pdq", pa.binary(32), nullable=False),
        pa.field("quality", pa.uint8(), nullable=False),
        ("local", pa.binary()),
        pa.field("shown", pa.list_(pa.int64()), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Head:
    """The metadata of a tip.

    `signals` maps each signal to its `fingerprint` and, for caption vectors, `model`; `accounts` is
    `none`, `pseudonyms` or `revealed`.
    """

    made_by: str = ""
    case: str = ""
    program: str = ""
    tlp: Tlp = Tlp.AMBER
    groups: tuple[str, ...] = ()
    selected_accounts: int = 0
    settings: Mapping[str, str] | None = None
    signals: Mapping[str, Mapping[str, str]] | None = None
    accounts: str = "none"

    def to_json(self) -> dict[str, Any]:
        """The document's `head`."""
        return {
            "made_by": self.made_by,
            "case": self.case,
            "program": self.program,
            "tlp": str(self.tlp),
            "selection": {"accounts": self.selected_accounts, "groups": list(self.groups)},
            "settings": dict(self.settings or {}),
            "signals": {name: dict(made) for name, made in (self.signals or {}).items()},
            "accounts": self.accounts,
        }

    @classmethod
    def from_json(cls, head: Mapping[str, Any]) -> Self:
        """Build a head from a `head` member that was validated against the schema."""
        return cls(
            made_by=head["made_by"],
            case=head["case"],
            program=head["program"],
            tlp=Tlp(head["tlp"]),
            groups=tuple(head["selection"]["groups"]),
            selected_accounts=head["selection"]["accounts"],
            settings=head["settings"],
            signals=head["signals"],
            accounts=head["accounts"],
        )


@dataclass(frozen=True, slots=True)
class Tip:
    """A tip that was read and verified, with its digest `sha256`.

    `items` is in the schema ITEMS, `frames`, those of its videos, in the schema FRAMES.
    """

    head: Head
    sha256: str
    signature: Signature | None
    items: pa.Table
    frames: pa.Table


def program_version() -> str:
    """The name and version of this program, as documents state it."""
    from importlib.metadata import version

    return f"frametrace {version('frametrace')}"
