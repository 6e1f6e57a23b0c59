"""Words that say nothing by themselves: function words of many languages, and words of chatter.

Function words are those of Stopwords ISO (the package `stopwordsiso`, MIT) for the languages that
most is posted in, whichever a text is in: to know it would take longer than all the rest, and the
lists say little that is wrong about other languages. Words of chatter are in `sayings`.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from frametrace.matcher.framing.sayings import (
    CHATTER,
    CHATTER_RUNS,
    PARTICLES,
    SAY_SOMETHING,
    WEAK,
)
from frametrace.matcher.framing.terms import pieces, spelled

__all__ = ["CommonWords", "common_words", "without_common"]

_LANGUAGES = (
    *("ar", "de", "en", "es", "fa", "fr", "hi", "id", "it", "ja", "ko", "ms"),
    *("nl", "pl", "pt", "ru", "th", "tr", "uk", "ur", "vi", "zh"),
)
_SHORTEST = 3  # letters of words that are cut out; shorter ones are parts of others, too,
_DENSE = ("zh", "ja")  # but where a letter is a syllable two are enough,
_SHORT = "จะ ใน ไป มา มี"  # and these are everywhere


@dataclass(frozen=True, slots=True)
class CommonWords:
    """Common words in the spelling of terms.

    `words` are whole words. `runs`, by their first letter and the longest first, are cut out of
    what is written without spaces. `weak` are characters that say nothing and aren't cut out.
    """

    words: frozenset[str]
    runs: Mapping[str, tuple[str, ...]]
    weak: frozenset[str]


@cache
def common_words() -> CommonWords:
    """All that are known; read once."""
    import stopwordsiso

    words, runs = set(_words(CHATTER)), set(_words(CHATTER_RUNS))
    for language in _LANGUAGES:
        shortest = 2 if language in _DENSE else _SHORTEST
        for listed in stopwordsiso.stopwords(language):
            found = list(pieces(spelled(listed)))
            if any(piece.spaceless for piece in found):
                if len(found) == 1 and len(found[0].text) >= shortest:
                    runs.add(found[0].text)
            elif len(found) == 1 or "'" in listed:  # Vietnamese words of two syllables aren't
                words.update(piece.text for piece in found)
    runs.update(_words(_SHORT), _words(" ".join(PARTICLES)))
    by_letter: dict[str, list[str]] = {}
    for run in sorted(runs, key=lambda run: (-len(run), run)):
        by_letter.setdefault(run[0], []).append(run)
    return CommonWords(
        frozenset(words.difference(_words(SAY_SOMETHING))),
        {letter: tuple(found) for letter, found in by_letter.items()},
        frozenset(_words(" ".join(WEAK))),
    )


def without_common(run: str) -> Iterator[str]:
    """What is left of a run of characters where common words are cut out, from left to right."""
    runs = common_words().runs
    start = at = 0
    while at < len(run):
        for word in runs.get(run[at], ()):
            if run.startswith(word, at) and not _is_mark(run, at + len(word)):
                if at > start:
                    yield run[start:at]
                start = at = at + len(word)
                break
        else:
            at += 1
    if at > start:
        yield run[start:]


def _is_mark(run: str, at: int) -> bool:
    """Whether a mark of the letter before it stands there: no word ends before it."""
    return at < len(run) and unicodedata.category(run[at]) in ("Mn", "Mc")


def _words(text: str) -> list[str]:
    return [piece.text for piece in pieces(spelled(text))]
