"""Who says it best: for each group and language the text that is most like the group's others."""

from collections import Counter

import numpy as np

from frametrace.matcher.framing.text.languages import languages_of
from frametrace.matcher.framing.text.term_weights import Samples

__all__ = ["MOST_LANGUAGES", "representatives"]

MOST_LANGUAGES = 4
# Of a group's texts; what fewer are in is a name, a quote or a mistake as often as a language.
_LEAST = 0.05
_DECIMALS = 5  # of similarities; what is equal to so many is equal


def representatives(
    samples: Samples, first_at: np.ndarray | None = None
) -> list[list[tuple[str, int]]]:
    """Up to four languages of each group and the row of the text that stands for it there.

    The languages of most distinct texts come first. The text is the one whose terms are most like
    those of the group's other texts, in whatever language: mean cosine similarity of their weights.
    Of equals it is the one with the least `first_at`, (n,) int64 for the n texts, then the one that
    sorts first. Languages are those of `language_of`.
    """
    return [_representatives(samples, group, first_at) for group in range(len(samples.rows))]


def _representatives(
    samples: Samples, group: int, first_at: np.ndarray | None
) -> list[tuple[str, int]]:
    rows = samples.rows[group].tolist()
    if not rows:
        return []
    vectors = samples.vectors(samples.said(group))
    alike = vectors @ np.asarray(vectors.sum(axis=0)).ravel()
    texts = [samples.texts[row] for row in rows]
    languages = languages_of(texts)
    best: dict[str, tuple[float, int, str, int]] = {}
    for language, likeness, row, text in zip(languages, alike, rows, texts, strict=True):
        at = 0 if first_at is None else int(first_at[row])
        this = (-round(float(likeness), _DECIMALS), at, text, row)
        best[language] = min(this, best.get(language, this))
    many = Counter(languages)
    spoken = sorted(many, key=lambda language: (-many[language], language))[:MOST_LANGUAGES]
    return [(one, best[one][-1]) for one in spoken if many[one] >= _LEAST * len(rows)]
