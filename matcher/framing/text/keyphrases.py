"""Finds the keyphrases of groups of texts: the terms and phrases that set each group apart.

Terms are words, or characters in scripts without spaces. Terms that occur together in most of the
texts that contain them are joined into one phrase ("hong kong"). Common words, numbers, links and
mentions separate phrases and are never part of one. Terms are ranked by their weights
(`term_weights`).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from frametrace.embed.text.tokenize import (
    LETTERS_END,
    Piece,
    as_written,
    characters,
    part_of_word,
)
from frametrace.matcher.framing.text.stopwords import common_words, cut_common_words, is_informative
from frametrace.matcher.framing.text.term_weights import TermWeights
from frametrace.matcher.framing.text.text_samples import TextSamples
from frametrace.work.blocks import in_blocks
from frametrace.work.progress import Advance, uncounted

__all__ = ["MAX_TERMS", "terms_of_groups"]

MAX_TERMS = 8
_MIN_TOGETHER = 0.7  # share of a term's texts that must contain a longer phrase for it to be used
_MAX_PHRASE_WORDS = 3
_MAX_PHRASE_RUN = 4  # words' worth of characters
_MAX_ENDING = 2  # letters by which forms of one word may differ in length, as in plurals
_MIN_STEM = 4  # letters that forms of one word have in common
_FUNCTION_CHARACTER_WEIGHT = 1 / 4  # of a term made only of function characters
_MAX_TOKENS = 500  # words and characters read of each text
_BLOCK = 4_096  # texts of groups that are named at a time


class _Run(NamedTuple):
    """Consecutive words, or characters, of the text with the number `text`."""

    text: int
    spaceless: bool
    tokens: tuple[str, ...]


@dataclass(slots=True)
class _Phrase:
    """Consecutive tokens: how many, and each occurrence as (run, first token)."""

    length: int
    occurrences: list[tuple[int, int]] = field(default_factory=list)

    def texts(self, runs: Sequence[_Run]) -> set[int]:
        return {runs[run].text for run, _ in self.occurrences}

    def name(self, runs: Sequence[_Run]) -> str:
        run, start = self.occurrences[0]
        separator = "" if runs[run].spaceless else " "
        return separator.join(runs[run].tokens[start : start + self.length])

    def tokens(self) -> Iterator[tuple[int, int]]:
        for run, start in self.occurrences:
            for at in range(start, start + self.length):
                yield run, at

    def overlaps(self, covered: Set[tuple[int, int]]) -> int:
        """How many occurrences contain a token that is covered already."""
        offsets = range(self.length)
        return sum(
            any((run, start + offset) in covered for offset in offsets)
            for run, start in self.occurrences
        )


def terms_of_groups(
    samples: TextSamples,
    weights: TermWeights,
    advance: Advance = uncounted,
) -> list[list[str]]:
    """Up to eight terms of each group, the most characteristic first.

    Terms that occur in several texts of a group come before those that occur in one. A group
    without texts has no terms. `advance` receives how many more groups are done.
    """
    named = []
    for block in in_blocks(np.array([len(rows) for rows in samples.rows], np.int64), _BLOCK):
        groups = range(block.start, block.stop)
        found = [_phrases(samples.pieces(group)) for group in groups]
        # Terms are weighed for many groups at once, since that has a cost of its own.
        weight = iter(weights.of_terms(chain.from_iterable(each[1] for each in found)).tolist())
        for group, (runs, phrases) in zip(groups, found, strict=True):
            terms = _terms(runs, phrases, dict(zip(phrases, weight, strict=False)))
            texts = (samples.texts[row] for row in samples.rows[group].tolist())
            named.append(as_written(terms, texts))
            advance(1)
    return named


def _phrases(texts: Iterable[Iterable[Piece]]) -> tuple[Sequence[_Run], Mapping[str, _Phrase]]:
    runs = [run for number, text in enumerate(texts) for run in _runs(number, text)]
    return runs, _shortest(runs)


def _terms(
    runs: Sequence[_Run], phrases: Mapping[str, _Phrase], weights: Mapping[str, float]
) -> list[str]:
    chosen: dict[str, bool] = {}
    covered: set[tuple[int, int]] = set()
    for term in _ranked(runs, phrases, weights):
        phrase = phrases[term]
        if 2 * phrase.overlaps(covered) > len(phrase.occurrences):
            continue
        longest = _extended(phrase, runs, covered)
        covered.update(longest.tokens())
        name, spaceless = longest.name(runs), runs[longest.occurrences[0][0]].spaceless
        if spaceless and not any(cut_common_words(name)):
            continue
        for candidate in (name, term):
            if not _is_named(candidate, chosen):
                chosen[candidate] = spaceless
                break
        if len(chosen) == MAX_TERMS:
            break
    return list(chosen)


def _runs(number: int, text: Iterable[Piece]) -> Iterator[_Run]:
    words: list[str] = []
    left = _MAX_TOKENS
    for piece in islice(text, _MAX_TOKENS):
        informative = not piece.spaceless and is_informative(piece.text)
        if words and not (informative and piece.follows):
            yield _Run(number, False, tuple(words))
            words = []
        if informative:
            words.append(piece.text)
            left -= 1
        elif piece.spaceless:
            for part in _parts(piece.text[:left]):
                left -= len(part)
                yield _Run(number, True, tuple(part))
        if left <= 0:
            break
    if words:
        yield _Run(number, False, tuple(words))


def _parts(run: str) -> Iterator[list[str]]:
    """The characters between common words.

    Common words of Thai and similar scripts are not cut out, because they are also parts of other
    words.
    """
    if run[0] > LETTERS_END:
        yield from map(characters, cut_common_words(run))
    else:
        yield characters(run)


def _shortest(runs: Sequence[_Run]) -> Mapping[str, _Phrase]:
    """The shortest terms: single words, two characters (if they are syllables), or three letters.

    A single character is not a term.
    """
    phrases: dict[str, _Phrase] = {}
    for number, run in enumerate(runs):
        size = 1
        if run.spaceless:
            size = min(len(run.tokens), 2 if run.tokens[0] > LETTERS_END else 3)
            if size == 1:
                continue
        separator = "" if run.spaceless else " "
        for start in range(len(run.tokens) - size + 1):
            term = separator.join(run.tokens[start : start + size])
            if (phrase := phrases.get(term)) is None:
                phrase = phrases[term] = _Phrase(size)
            phrase.occurrences.append((number, start))
    return phrases


def _ranked(
    runs: Sequence[_Run], phrases: Mapping[str, _Phrase], weights: Mapping[str, float]
) -> Sequence[str]:
    """Terms by tf · log(1 + A / f), tf being the number of texts; those of several texts first."""
    function_characters = common_words().function_characters
    key = {}
    for term, phrase in phrases.items():
        frequency = len(phrase.texts(runs))
        run, start = phrase.occurrences[0]
        tokens = runs[run].tokens[start : start + phrase.length]
        content = sum(token not in function_characters for token in tokens) / phrase.length
        factor = max(content, _FUNCTION_CHARACTER_WEIGHT)
        key[term] = (frequency < 2, -frequency * weights[term] * factor, term)
    return sorted(phrases, key=key.__getitem__)


def _extended(phrase: _Phrase, runs: Sequence[_Run], covered: Set[tuple[int, int]]) -> _Phrase:
    """The longest phrase around a shorter one that most texts with the shorter one contain."""
    first = runs[phrase.occurrences[0][0]]
    min_texts = math.ceil(_MIN_TOGETHER * len(phrase.texts(runs)))
    max_length = _MAX_PHRASE_WORDS
    if first.spaceless:
        max_length = round(_MAX_PHRASE_RUN / part_of_word(first.tokens[0]))
    else:
        min_texts = max(min_texts, 2)  # one text alone doesn't show which words are a phrase
    while phrase.length < max_length:
        longer = _longer(phrase, runs, covered)
        best = max(
            longer,
            key=lambda side: (len(longer[side].texts(runs)), *side),
            default=None,
        )
        if best is None or len(longer[best].texts(runs)) < min_texts:
            break
        phrase = longer[best]
    return phrase


def _longer(
    phrase: _Phrase, runs: Sequence[_Run], covered: Set[tuple[int, int]]
) -> Mapping[tuple[bool, str], _Phrase]:
    """The phrases that are one token longer, by (whether the token comes first, the token)."""
    weak = common_words().weak
    longer: dict[tuple[bool, str], _Phrase] = defaultdict(lambda: _Phrase(phrase.length + 1))
    for number, start in phrase.occurrences:
        tokens = runs[number].tokens
        for at, new_start in ((start - 1, start - 1), (start + phrase.length, start)):
            free = 0 <= at < len(tokens) and (number, at) not in covered
            if free and tokens[at] not in weak:
                longer[at < start, tokens[at]].occurrences.append((number, new_start))
    return longer


def _is_named(name: str, chosen: Mapping[str, bool]) -> bool:
    """Whether the chosen names already contain most of a name; the values are whether spaceless."""
    words = name.split()
    named = {word for term in chosen for word in term.split()}
    return 2 * sum(word in named for word in words) > len(words) or any(
        _is_same(name.replace(" ", ""), term.replace(" ", ""), spaceless)
        for term, spaceless in chosen.items()
    )


def _is_same(a: str, b: str, spaceless: bool) -> bool:
    """Whether two names are forms of one word, or one is part of the other."""
    shorter, longer = sorted((a, b), key=len)
    if spaceless:
        return shorter in longer
    ending = longer.removeprefix(shorter)
    same = len(ending) <= _MAX_ENDING and len(longer) - len(ending) >= _MIN_STEM
    return same or ending in ("", "s")
