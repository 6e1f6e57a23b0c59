"""Recognises common words, which carry no information: function words and chatter (small talk).

Function words are those of Stopwords ISO (the package `stopwordsiso`, MIT) for the most common
languages of posts. All lists apply to every text: detecting its language would take longer than
everything else, and the lists do little harm in other languages. Chatter is in `chatter_words`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from frametrace.embed.text.tokenize import pieces
from frametrace.matcher.framing.text.chatter_words import (
    CHATTER,
    CHATTER_RUNS,
    INFORMATIVE_WORDS,
    PARTICLES,
    WEAK_CHARACTERS,
)

__all__ = ["CommonWords", "common_words", "cut_common_words", "is_informative", "unstretched"]

_LANGUAGES = (
    *("ar", "de", "en", "es", "fa", "fr", "hi", "id", "it", "ja", "ko", "ms"),
    *("nl", "pl", "pt", "ru", "th", "tr", "uk", "ur", "vi", "zh"),
)
_MIN_CUT = 3  # letters of words that are cut out; shorter ones are often parts of other words
_SYLLABIC = ("zh", "ja")  # here two letters are enough, as each is a syllable
_SHORT_THAI = "จะ ใน ไป มา มี"  # short words that are always cut out

_STRETCHED = re.compile(r"(.)\1{2,}")
_LAUGHTER = re.compile(r"(.{1,3}?)\1{2,}.{0,2}")  # hahaha, jajaja, xdxdxd


@dataclass(frozen=True, slots=True)
class CommonWords:
    """Common words in the spelling of terms.

    `words` are whole words. `runs`, by their first letter and longest first, are cut out of text
    without spaces. `weak` are uninformative Chinese characters that are not cut out;
    `function_characters` are these and further ones that count less in names.
    """

    words: frozenset[str]
    runs: Mapping[str, tuple[str, ...]]
    weak: frozenset[str]
    function_characters: frozenset[str]


@cache
def common_words() -> CommonWords:
    """All common words; loaded once."""
    import stopwordsiso

    words, runs = set(_words(CHATTER)), set(_words(CHATTER_RUNS))
    weak = set(_words(" ".join(WEAK_CHARACTERS)))
    function_characters = set(weak)
    for language in _LANGUAGES:
        min_cut = 2 if language in _SYLLABIC else _MIN_CUT
        for word in stopwordsiso.stopwords(language):
            listed = list(pieces(word))
            if any(piece.spaceless for piece in listed):
                if len(listed) == 1 and len(listed[0].text) >= min_cut:
                    runs.add(listed[0].text)
                elif language == "zh":
                    function_characters.update(piece.text for piece in listed)
            elif len(listed) == 1 or "'" in word:  # not two-syllable words of Vietnamese
                words.update(piece.text for piece in listed)
    runs.update(_words(_SHORT_THAI), _words(" ".join(PARTICLES)))
    by_letter: dict[str, list[str]] = {}
    for run in sorted(runs, key=lambda run: (-len(run), run)):
        by_letter.setdefault(run[0], []).append(run)
    return CommonWords(
        frozenset(words.difference(_words(INFORMATIVE_WORDS))),
        {letter: tuple(words) for letter, words in by_letter.items()},
        frozenset(weak),
        frozenset(function_characters),
    )


def cut_common_words(run: str) -> Iterator[str]:
    """The parts of a run of characters between its common words, from left to right."""
    runs = common_words().runs
    start = at = 0
    while at < len(run):
        for word in runs.get(run[at], ()):
            if run.startswith(word, at) and not _continues_letter(run, at + len(word)):
                if at > start:
                    yield run[start:at]
                start = at = at + len(word)
                break
        else:
            at += 1
    if at > start:
        yield run[start:]


@lru_cache(maxsize=1 << 16)  # most words of a text occur in many others
def is_informative(word: str) -> bool:
    """Whether a word is informative: not common, not a number, a single letter or laughter."""
    common = common_words().words
    if word in common or word.isnumeric() or (len(word) == 1 and word.isascii()):
        return False
    if _STRETCHED.search(word):  # soooo, goood
        return common.isdisjoint((unstretched(word), unstretched(word, 2))) and not _is_laughter(
            word
        )
    return not _is_laughter(word)


def unstretched(word: str, repeats: int = 1) -> str:
    """A word in which letters repeated three times or more are reduced to `repeats`."""
    return _STRETCHED.sub(r"\1" * repeats, word)


def _is_laughter(word: str) -> bool:
    return _LAUGHTER.fullmatch(word) is not None


def _continues_letter(run: str, at: int) -> bool:
    """Whether a combining mark continues the letter before `at`: no word ends there."""
    return at < len(run) and unicodedata.category(run[at]) in ("Mn", "Mc")


def _words(text: str) -> list[str]:
    return [piece.text for piece in pieces(text)]
