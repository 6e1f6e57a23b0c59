"""What sets groups of texts apart: their terms.

Terms are words, and characters where no spaces are written; those that stand together in most of
the texts that hold them are one phrase ("hong kong"), as long as they do. Common words, numbers,
links and mentions part phrases and name nothing.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from frametrace.matcher.framing.text.stopwords import common_words, says_something, without_common
from frametrace.matcher.framing.text.term_weights import Samples
from frametrace.matcher.framing.text.tokenize import Piece, as_written, characters, part_of_word

__all__ = ["MOST_TERMS", "terms_of_groups"]

MOST_TERMS = 8
_TOGETHER = 0.7  # of the texts that hold a term: in so many it is part of a longer one
_MOST_WORDS = 3  # of a phrase,
_MOST_RUN = 4  # and words' worth of characters
_LETTERS_END = "\u2e80"  # where scripts of syllables and signs for words begin
_ENDING = 2  # letters by which a word may be longer than another and be the same: plurals
_STEM = 4  # letters of the shorter, at least
_OUTER = 1 / 4  # of its weight counts a term of function characters only
_READ = 500  # words and characters of each text


class _Run(NamedTuple):
    """Words, or characters, that stand together in the text of number `text`."""

    text: int
    spaceless: bool
    tokens: tuple[str, ...]


@dataclass(slots=True)
class _Phrase:
    """Tokens in a row: how many, and in which runs and from which token on they stand."""

    length: int
    places: list[tuple[int, int]] = field(default_factory=list)

    def texts(self, runs: Sequence[_Run]) -> set[int]:
        return {runs[run].text for run, _ in self.places}

    def name(self, runs: Sequence[_Run]) -> str:
        run, start = self.places[0]
        between = "" if runs[run].spaceless else " "
        return between.join(runs[run].tokens[start : start + self.length])

    def tokens(self) -> Iterator[tuple[int, int]]:
        for run, start in self.places:
            for at in range(start, start + self.length):
                yield run, at

    def shared(self, covered: Set[tuple[int, int]]) -> int:
        """In how many places it stands where others do."""
        ats = range(self.length)
        return sum(any((run, start + at) in covered for at in ats) for run, start in self.places)


def terms_of_groups(samples: Samples) -> list[list[str]]:
    """Up to eight terms of each group, those that set it apart most first.

    Where a group has several distinct texts, terms of several come before those of one. A group
    without texts has none.
    """
    return [
        as_written(_terms(samples, samples.said(group)), (samples.texts[row] for row in rows))
        for group, rows in enumerate(samples.rows)
    ]


def _terms(samples: Samples, said: Sequence[Sequence[Piece]]) -> list[str]:
    runs = [run for number, text in enumerate(said) for run in _runs(number, text)]
    found = _shortest(runs)
    chosen: dict[str, bool] = {}
    covered: set[tuple[int, int]] = set()
    for term in _in_order(samples, found, runs):
        phrase = found[term]
        if 2 * phrase.shared(covered) > len(phrase.places):
            continue
        longer = _grown(phrase, runs, covered)
        covered.update(longer.tokens())
        name, spaceless = longer.name(runs), runs[longer.places[0][0]].spaceless
        if spaceless and not any(without_common(name)):
            continue
        for shown in (name, term):
            if not _is_named(shown, chosen):
                chosen[shown] = spaceless
                break
        if len(chosen) == MOST_TERMS:
            break
    return list(chosen)


def _runs(number: int, text: Iterable[Piece]) -> Iterator[_Run]:
    words: list[str] = []
    left = _READ
    for piece in islice(text, _READ):
        speaks = not piece.spaceless and says_something(piece.text)
        if words and not (speaks and piece.follows):
            yield _Run(number, False, tuple(words))
            words = []
        if speaks:
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
    """The characters between common words; in Thai and the like these are parts of others, too."""
    if run[0] > _LETTERS_END:
        yield from map(characters, without_common(run))
    else:
        yield characters(run)


def _shortest(runs: Sequence[_Run]) -> Mapping[str, _Phrase]:
    """The shortest terms: words, two characters that are syllables, three that are letters."""
    found: dict[str, _Phrase] = {}
    for number, run in enumerate(runs):
        size = 1
        if run.spaceless:
            size = min(len(run.tokens), 2 if run.tokens[0] > _LETTERS_END else 3)
            if size == 1:
                continue
        between = "" if run.spaceless else " "
        for start in range(len(run.tokens) - size + 1):
            term = between.join(run.tokens[start : start + size])
            found.setdefault(term, _Phrase(size)).places.append((number, start))
    return found


def _in_order(
    samples: Samples, found: Mapping[str, _Phrase], runs: Sequence[_Run]
) -> Sequence[str]:
    """Terms by tf · log(1 + A / f), tf being the number of texts; those of several texts first."""
    if not found:
        return []
    outer = common_words().outer
    key = {}
    for (term, phrase), weight in zip(
        found.items(), samples.weights(list(found)).tolist(), strict=True
    ):
        held = len(phrase.texts(runs))
        run, start = phrase.places[0]
        tokens = runs[run].tokens[start : start + phrase.length]
        inner = sum(token not in outer for token in tokens) / phrase.length
        key[term] = (held < 2, -held * weight * max(inner, _OUTER), term)
    return sorted(found, key=key.__getitem__)


def _grown(phrase: _Phrase, runs: Sequence[_Run], covered: Set[tuple[int, int]]) -> _Phrase:
    """The longest phrase around another that most of its texts hold."""
    first = runs[phrase.places[0][0]]
    least = math.ceil(_TOGETHER * len(phrase.texts(runs)))
    most = _MOST_WORDS
    if first.spaceless:
        most = round(_MOST_RUN / part_of_word(first.tokens[0]))
    else:
        least = max(least, 2)  # one text alone doesn't tell which words are a phrase
    while phrase.length < most:
        beside = _beside(phrase, runs, covered)
        best = max(
            beside,
            key=lambda side: (len(beside[side].texts(runs)), *side),
            default=None,
        )
        if best is None or len(beside[best].texts(runs)) < least:
            break
        phrase = beside[best]
    return phrase


def _beside(
    phrase: _Phrase, runs: Sequence[_Run], covered: Set[tuple[int, int]]
) -> Mapping[tuple[bool, str], _Phrase]:
    """The phrases that are one token longer, by whether it stands before, and which it is."""
    weak = common_words().weak
    longer: dict[tuple[bool, str], _Phrase] = defaultdict(lambda: _Phrase(phrase.length + 1))
    for number, start in phrase.places:
        tokens = runs[number].tokens
        for at, place in ((start - 1, start - 1), (start + phrase.length, start)):
            free = 0 <= at < len(tokens) and (number, at) not in covered
            if free and tokens[at] not in weak:
                longer[at < start, tokens[at]].places.append((number, place))
    return longer


def _is_named(name: str, chosen: Mapping[str, bool]) -> bool:
    """Whether most of a name is said by others already; of each other, whether it is spaceless."""
    words = name.split()
    named = {word for other in chosen for word in other.split()}
    return 2 * sum(word in named for word in words) > len(words) or any(
        _is_same(name.replace(" ", ""), other.replace(" ", ""), spaceless)
        for other, spaceless in chosen.items()
    )


def _is_same(one: str, other: str, spaceless: bool) -> bool:
    """One word in two forms, a plural or a hashtag of two words; or one run inside the other."""
    shorter, longer = sorted((one, other), key=len)
    if spaceless:
        return shorter in longer
    ending = longer.removeprefix(shorter)
    same = len(ending) <= _ENDING and len(longer) - len(ending) >= _STEM
    return same or ending in ("", "s")
