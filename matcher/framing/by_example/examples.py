"""What a framing by example is made of: examples and counter-examples, with all that tells them.

Posts are those of the case. Pictures and texts come from elsewhere, and are held by their values:
the files need not stay where they were.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

import numpy as np

from frametrace.posts.errors import UsageError

__all__ = [
    "MOST",
    "MOST_OF_TEXT",
    "ExamplePicture",
    "ExamplePost",
    "ExampleText",
    "Examples",
    "Framing",
]

MOST = 200  # examples, and as many counter-examples: comparing takes as long for each
MOST_OF_TEXT = 10_000  # characters
_TOLD = 40  # characters of a text that name it


@dataclass(frozen=True, slots=True)
class ExamplePost:
    """A post of the case."""

    platform: str
    post_id: str

    @property
    def key(self) -> str:
        """What tells it from others, and names it to people."""
        return f"{self.platform}/{self.post_id}"

    @property
    def label(self) -> str:
        """How people are told of it."""
        return self.key


@dataclass(frozen=True, slots=True, eq=False)
class ExampleText:
    """A text, with its (d,) float32 vector of unit length and the weights that made it, if any."""

    text: str
    vector: np.ndarray | None = None
    weights: str = ""

    @property
    def key(self) -> str:
        """What tells it from others."""
        return self.text

    @property
    def label(self) -> str:
        """How people are told of it."""
        short = " ".join(self.text.split())
        return f"“{short[:_TOLD]}…”" if len(short) > _TOLD else f"“{short}”"


@dataclass(frozen=True, slots=True, eq=False)
class ExamplePicture:
    """A picture by its file's name, its bytes' SHA-256, and its values.

    `forms` are its (8, 32) uint8 PDQ hashes, `features` and `thumbnail` values of the signals
    `local` and `thumbnail`, `looks` a (d,) float32 CLIP vector; None where it has none. `weights`
    says what made which of them.
    """

    name: str
    sha256: str
    forms: np.ndarray | None = None
    features: bytes | None = None
    thumbnail: bytes | None = None
    lettering: ExampleText | None = None
    looks: np.ndarray | None = None
    weights: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What tells it from others."""
        return self.sha256

    @property
    def label(self) -> str:
        """How people are told of it."""
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Posts, pictures and texts, each once."""

    posts: tuple[ExamplePost, ...] = ()
    pictures: tuple[ExamplePicture, ...] = ()
    texts: tuple[ExampleText, ...] = ()

    def __len__(self) -> int:
        return len(self.posts) + len(self.pictures) + len(self.texts)

    def plus(self, more: Self) -> Self:
        """These and more; what is named again has the newer values."""
        return type(self)(
            _once([*self.posts, *more.posts]),
            _once([*self.pictures, *more.pictures]),
            _once([*self.texts, *more.texts]),
        )

    def minus(self, others: Self) -> Self:
        """These without others."""
        return type(self)(
            _without(self.posts, others.posts),
            _without(self.pictures, others.pictures),
            _without(self.texts, others.texts),
        )


_E = TypeVar("_E", ExamplePost, ExamplePicture, ExampleText)


def _once(examples: Sequence[_E]) -> tuple[_E, ...]:
    return tuple({each.key: each for each in examples}.values())


def _without(examples: Sequence[_E], others: Sequence[_E]) -> tuple[_E, ...]:
    keys = {each.key for each in others}
    return tuple(each for each in examples if each.key not in keys)


@dataclass(frozen=True, slots=True, eq=False)
class Framing:
    """Examples and counter-examples, and from how many decades a post belongs.

    Without `least` the setting `min_decades` says so.
    """

    like: Examples = Examples()
    unlike: Examples = Examples()
    least: float | None = None

    def plus(self, more: Self) -> Self:
        """With more examples; what is named anew changes sides.

        Raises `UsageError` where there are too many, or one is named on both sides at once.
        """
        if len(more.like) > len(more.like.minus(more.unlike)):
            raise UsageError("an example was named as one and as a counter-example: name it once")
        both = replace(
            self,
            like=self.like.minus(more.unlike).plus(more.like),
            unlike=self.unlike.minus(more.like).plus(more.unlike),
            least=self.least if more.least is None else more.least,
        )
        if max(len(both.like), len(both.unlike)) > MOST:
            raise UsageError(f"a framing has {MOST} examples and {MOST} counter-examples at most")
        return both
