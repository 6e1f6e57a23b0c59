"""Words that say nothing by themselves: function words of many languages, and words of chatter.

Function words are those of Stopwords ISO (the package `stopwordsiso`, MIT) for the languages that
most is posted in, whichever a text is in: to know it would take longer than all the rest, and the
lists say little that is wrong about other languages. Words of chatter are in `sayings`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from frametrace.matcher.framing.text.chatter_words import (
    CHATTER,
    CHATTER_RUNS,
    PARTICLES,
    SAY_SOMETHING,
    WEAK,
)
from frametrace.matcher.framing.text.tokenize import pieces, spelled

__all__ = ["CommonWords", "common_words", "says_something", "shortened", "without_common"]

_LANGUAGES = (
    *("ar", "de", "en", "es", "fa", "fr", "hi", "id", "it", "ja", "ko", "ms"),
    *("nl", "pl", "pt", "ru", "th", "tr", "uk", "ur", "vi", "zh"),
)
_SHORTEST = 3  # letters of words that are cut out; shorter ones are parts of others, too,
_DENSE = ("zh", "ja")  # but where a letter is a syllable two are enough,
_SHORT = "จะ ใน ไป มา มี"  # and these are everywhere

_STRETCHED = re.compile(r"(.)\1{2,}")
_LAUGHTER = re.compile(r"(.{1,3}?)\1{2,}.{0,2}")  # hahaha, jajaja, xdxdxd


@dataclass(frozen=True, slots=True)
class CommonWords:
    """Common words in the spelling of terms.

    `words` are whole words. `runs`, by their first letter and the longest first, are cut out of
    what is written without spaces. `weak` are Chinese characters that say nothing and aren't cut
    out; `outer` are these and more that no name begins or ends with if it can help it.
    """

    words: frozenset[str]
    runs: Mapping[str, tuple[str, ...]]
    weak: frozenset[str]
    outer: frozenset[str]


@cache
def common_words() -> CommonWords:
    """All that are known; read once."""
    import stopwordsiso

    words, runs = set(_words(CHATTER)), set(_words(CHATTER_RUNS))
    weak = set(_words(" ".join(WEAK)))
    outer = set(weak)
    for language in _LANGUAGES:
        shortest = 2 if language in _DENSE else _SHORTEST
        for listed in stopwordsiso.stopwords(language):
            found = list(pieces(spelled(listed)))
            if any(piece.spaceless for piece in found):
                if len(found) == 1 and len(found[0].text) >= shortest:
                    runs.add(found[0].text)
                elif language == "zh":
                    outer.update(piece.text for piece in found)
            elif len(found) == 1 or "'" in listed:  # Vietnamese words of two syllables aren't
                words.update(piece.text for piece in found)
    runs.update(_words(_SHORT), _words(" ".join(PARTICLES)))
    by_letter: dict[str, list[str]] = {}
    for run in sorted(runs, key=lambda run: (-len(run), run)):
        by_letter.setdefault(run[0], []).append(run)
    return CommonWords(
        frozenset(words.difference(_words(SAY_SOMETHING))),
        {letter: tuple(found) for letter, found in by_letter.items()},
        frozenset(weak),
        frozenset(outer),
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


def says_something(word: str) -> bool:
    """Whether a word does: common words, numbers, single letters and laughter don't."""
    common = common_words().words
    if word in common or word.isnumeric() or (len(word) == 1 and word.isascii()):
        return False
    if _STRETCHED.search(word):  # soooo, goood
        return common.isdisjoint((shortened(word), shortened(word, 2))) and not _is_laughter(word)
    return not _is_laughter(word)


def shortened(word: str, most: int = 1) -> str:
    """A word without what stretches it: letters that are repeated three times or more."""
    return _STRETCHED.sub(r"\1" * most, word)


def _is_laughter(word: str) -> bool:
    return _LAUGHTER.fullmatch(word) is not None


def _is_mark(run: str, at: int) -> bool:
    """Whether a mark of the letter before it stands there: no word ends before it."""
    return at < len(run) and unicodedata.category(run[at]) in ("Mn", "Mc")


def _words(text: str) -> list[str]:
    return [piece.text for piece in pieces(spelled(text))]
