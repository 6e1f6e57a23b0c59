"""Numbers the languages of a case's texts, so that texts are compared by pair of languages."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from frametrace.embed.text.languages import language_of, languages_of

__all__ = ["Languages"]

_MIN_TEXTS = 50  # of a language that is measured by itself
_OTHERS = 0


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages of n texts: `numbers` (n,) int64, each a position in `codes`, from 1 on.

    0 stands for all languages with few texts, which are measured together.
    """

    codes: tuple[str, ...]
    numbers: np.ndarray

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Detect the languages of a case's texts."""
        languages = languages_of(texts)
        counts = Counter(languages)
        codes = ("", *sorted(code for code, count in counts.items() if count >= _MIN_TEXTS))
        return cls(codes, _numbers(languages, codes))

    @classmethod
    def one(cls, count: int) -> Self:
        """So many texts that are not told apart by language."""
        return cls(("",), np.zeros(count, np.int64))

    def with_added(self, texts: Sequence[str]) -> Self:
        """A copy with further texts; languages that the case holds few texts in are numbered 0."""
        added = _numbers([language_of(text) for text in texts], self.codes)
        return replace(self, numbers=np.append(self.numbers, added))


def _numbers(languages: Sequence[str], codes: tuple[str, ...]) -> np.ndarray:
    number = {code: at for at, code in enumerate(codes)}
    return np.array([number.get(language, _OTHERS) for language in languages], np.int64)
