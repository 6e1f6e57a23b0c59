"""What a tip is in memory: its head, and its items as a table."""

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
from frametrace.matcher.tips.keys import Signature

__all__ = [
    "COLUMNS",
    "FEATURES",
    "FINGERPRINTS",
    "ITEMS",
    "KEY_BYTES",
    "KINDS",
    "Head",
    "ItemKind",
    "Tip",
    "Tlp",
    "program",
]

KEY_BYTES = 4 * PERMUTATIONS  # a MinHash as bytes: big-endian numbers of 32 bits


class Tlp(StrEnum):
    """With whom a tip may be shared: FIRST, Traffic Light Protocol 2.0 (2022)."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    AMBER_STRICT = "amber+strict"
    RED = "red"

    @property
    def label(self) -> str:
        """As the protocol has it written on what is shared."""
        return f"TLP:{self.upper()}"

    @classmethod
    def strictest(cls, markings: Iterable[Self]) -> Self:
        """The strictest of some; they stand here from the freest on."""
        return max(markings, key=tuple(cls).index)


class ItemKind(StrEnum):
    """What an item of a tip stands for."""

    PICTURE = "picture"
    CAPTION = "caption"


KINDS = ("account", "page", "group", "channel")

# What makes the signals that a tip's items are compared by. What made vectors of captions, the
# head says: a receiver compares them where its case has the same model.
FINGERPRINTS: Mapping[str, str] = {
    signal.name: signal.made_by["fingerprint"] for signal in (Pdq(), Phash(), CaptionKey(), Local())
}
# Local features of a picture that a tip carries, those of most worth: 8 kB in base64.
FEATURES = 272

_COUNT = pa.struct(
    [
        ("platform", pa.string()),
        ("kind", pa.string()),
        ("accounts", pa.int64()),
        ("posts", pa.int64()),
    ]
)

# The column of ITEMS that holds each signal.
COLUMNS: Mapping[str, str] = {**{name: name for name in FINGERPRINTS}, Caption.name: "vector"}

# One row per item, in the tip's order. Codes are null where the item lacks the signal.
ITEMS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        ("pdq", pa.binary(32)),
        ("quality", pa.uint8()),
        ("phash", pa.binary(8)),
        ("caption_key", pa.binary(KEY_BYTES)),
        ("local", pa.binary()),
        ("vector", pa.binary()),
        ("first_seen", pa.string()),
        ("last_seen", pa.string()),
        ("counts", pa.list_(_COUNT)),
        ("caption", pa.string()),
        ("label", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Head:
    """What a tip says of itself.

    `signals` maps a signal to its `fingerprint` and, perhaps, `model`; `accounts` is `none`,
    `pseudonyms` or `revealed`.
    """

    made_by: str = ""
    case: str = ""
    program: str = ""
    tlp: Tlp = Tlp.AMBER
    groups: tuple[str, ...] = ()
    chosen_accounts: int = 0
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
            "selection": {"accounts": self.chosen_accounts, "groups": list(self.groups)},
            "settings": dict(self.settings or {}),
            "signals": {name: dict(made) for name, made in (self.signals or {}).items()},
            "accounts": self.accounts,
        }

    @classmethod
    def of_json(cls, head: Mapping[str, Any]) -> Self:
        """Read a `head` that its schema found to be sound."""
        return cls(
            made_by=head["made_by"],
            case=head["case"],
            program=head["program"],
            tlp=Tlp(head["tlp"]),
            groups=tuple(head["selection"]["groups"]),
            chosen_accounts=head["selection"]["accounts"],
            settings=head["settings"],
            signals=head["signals"],
            accounts=head["accounts"],
        )


@dataclass(frozen=True, slots=True)
class Tip:
    """A tip that was read: `items` in the schema ITEMS, `sha256` its digest and name."""

    head: Head
    sha256: str
    signature: Signature | None
    items: pa.Table


def program() -> str:
    """What this program calls itself in documents."""
    from importlib.metadata import version

    return f"frametrace {version('frametrace')}"
