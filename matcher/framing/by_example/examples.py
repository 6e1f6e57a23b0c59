"""Defines a framing by example: examples and counter-examples, with their signal values.

Posts are those of the case. Pictures and texts come from elsewhere and are stored by value, so that
the files are not needed later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

import numpy as np

from frametrace.posts.errors import UsageError

__all__ = [
    "MAX_EXAMPLES",
    "MAX_TEXT_CHARS",
    "ExamplePicture",
    "ExamplePost",
    "ExampleText",
    "Examples",
    "Framing",
]

MAX_EXAMPLES = 200  # and as many counter-examples: the time to compare grows with both
MAX_TEXT_CHARS = 10_000
_LABEL_CHARS = 40  # of a text


@dataclass(frozen=True, slots=True)
class ExamplePost:
    """A post of the case."""

    platform: str
    post_id: str

    @property
    def key(self) -> str:
        """The identifier, which is also shown to users."""
        return f"{self.platform}/{self.post_id}"

    @property
    def label(self) -> str:
        """The name shown to users."""
        return self.key


@dataclass(frozen=True, slots=True, eq=False)
class ExampleText:
    """A text, its (d,) float32 unit vector, if any, and the weights of the model that made it."""

    text: str
    vector: np.ndarray | None = None
    weights: str = ""

    @property
    def key(self) -> str:
        """The identifier among examples of its kind."""
        return self.text

    @property
    def label(self) -> str:
        """The name shown to users."""
        short = " ".join(self.text.split())
        return f"“{short[:_LABEL_CHARS]}…”" if len(short) > _LABEL_CHARS else f"“{short}”"


@dataclass(frozen=True, slots=True, eq=False)
class ExamplePicture:
    """A picture: its file's name, the SHA-256 of its bytes, and its signal values.

    `pdq` are the (8, 32) uint8 PDQ hashes of its orientations, `features` and `thumbnail` values of
    the signals `local` and `thumbnail`, `clip` a (d,) float32 CLIP vector; None if there is none.
    `weights` are the weights, or the algorithm, that made each value, by signal.
    """

    name: str
    sha256: str
    pdq: np.ndarray | None = None
    features: bytes | None = None
    thumbnail: bytes | None = None
    ocr_text: ExampleText | None = None
    clip: np.ndarray | None = None
    weights: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The identifier among examples of its kind."""
        return self.sha256

    @property
    def label(self) -> str:
        """The name shown to users."""
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Posts, pictures and texts, each once."""

    posts: tuple[ExamplePost, ...] = ()
    pictures: tuple[ExamplePicture, ...] = ()
    texts: tuple[ExampleText, ...] = ()

    def __len__(self) -> int:
        return len(self.posts) + len(self.pictures) + len(self.texts)

    def with_added(self, added: Self) -> Self:
        """These examples and the added ones; an added example replaces one with the same key."""
        return type(self)(
            _distinct([*self.posts, *added.posts]),
            _distinct([*self.pictures, *added.pictures]),
            _distinct([*self.texts, *added.texts]),
        )

    def without(self, removed: Self) -> Self:
        """These examples without the removed ones."""
        return type(self)(
            _without(self.posts, removed.posts),
            _without(self.pictures, removed.pictures),
            _without(self.texts, removed.texts),
        )


_E = TypeVar("_E", ExamplePost, ExamplePicture, ExampleText)


def _distinct(examples: Sequence[_E]) -> tuple[_E, ...]:
    return tuple({example.key: example for example in examples}.values())


def _without(examples: Sequence[_E], removed: Sequence[_E]) -> tuple[_E, ...]:
    keys = {example.key for example in removed}
    return tuple(example for example in examples if example.key not in keys)


@dataclass(frozen=True, slots=True, eq=False)
class Framing:
    """Examples and counter-examples, and the least rarity of posts that belong.

    Without `min_rarity` the setting `min_decades` applies.
    """

    like: Examples = Examples()
    unlike: Examples = Examples()
    min_rarity: float | None = None

    def with_added(self, added: Self) -> Self:
        """A copy with further examples; one that is now named for the other side moves there.

        Raises `UsageError` if there are too many, or one is added on both sides at once.
        """
        if len(added.like) > len(added.like.without(added.unlike)):
            raise UsageError(
                "an example was named both as an example and as a counter-example: name it once"
            )
        framing = replace(
            self,
            like=self.like.without(added.unlike).with_added(added.like),
            unlike=self.unlike.without(added.like).with_added(added.unlike),
            min_rarity=self.min_rarity if added.min_rarity is None else added.min_rarity,
        )
        if max(len(framing.like), len(framing.unlike)) > MAX_EXAMPLES:
            raise UsageError(
                f"a framing has at most {MAX_EXAMPLES} examples and {MAX_EXAMPLES} counter-examples"
            )
        return framing
