"""Splits texts of any language into terms: words, or character n-grams in scripts without spaces.

Chinese, Japanese, Thai, Lao, Khmer and Burmese have no spaces between words. Their terms are all
pairs and triples of neighbouring characters, a character being a letter with its marks. No
dictionary is used, so that new words, variant spellings and typos count like any others.
"""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from frametrace.embed.text.char_tables import INVISIBLE, same_characters
from frametrace.embed.text.normalize import without_links

__all__ = [
    "LETTERS_END",
    "MAX_CHARACTERS",
    "Piece",
    "as_written",
    "character_ngrams",
    "characters",
    "in_one_spelling",
    "part_of_word",
    "pieces",
    "terms_of",
]

MAX_CHARACTERS = 8_000  # read of each text; the beginning shows what it is about
_MAX_WORD = 64  # characters; longer strings are cut, as they are not words of any language
_NGRAM_SIZES = (2, 3)

_SPACELESS = (
    r"[[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\u30fc\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
    r"&&[\p{L}\p{M}]]"
)
# Vowel points, which are optional in Hebrew and Arabic, and the stroke that stretches Arabic words.
_OPTIONAL_MARKS = ((0x591, 0x5C8), (0x610, 0x61B), (0x640, 0x641), (0x64B, 0x660), (0x6D6, 0x6ED))
_ACCENTS = ((0x300, 0x370), (0x1AB0, 0x1B00), (0x1DC0, 0x1E00), (0x20D0, 0x2100), (0xFE20, 0xFE30))
# NFKC splits these vowels; Thai and Lao writers don't.
_VOWELS = (("\u0e4d\u0e32", "\u0e33"), ("\u0ecd\u0eb2", "\u0eb3"))

LETTERS_END = "\u2e80"  # from here on, characters are syllables or whole words, not letters
_ASCII_WORD = re.compile("([a-z0-9]+)([^a-z0-9]*)")
_HAN = re.compile("[\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class Piece(NamedTuple):
    """A word, or a run of characters of a script without spaces.

    `hashtag` is whether it is part of a hashtag; `follows`, whether only white space separates it
    from the piece before it.
    """

    text: str
    spaceless: bool
    hashtag: bool
    follows: bool


def in_one_spelling(text: str) -> str:
    """A text in one spelling: NFKC, case folded, without links, mentions and invisible characters.

    All variants of a Chinese character that the signal `caption_key` treats as one become the most
    common of them. Hashtags are split at capitals and underscores; the mark # stays. Escapes that
    exports leave are resolved: HTML entities and line breaks.
    """
    text = without_links(html.unescape(text[:MAX_CHARACTERS]).replace(r"\n", " "))
    if "#" in text:
        text = _patterns()["hashtag"].sub(_split_hashtag, text)
    text = text.casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_spelling_table())
        for split, joined in _VOWELS:
            text = text.replace(split, joined)
    return text


def pieces(text: str) -> Iterator[Piece]:
    """The words and runs of a text in order, in one spelling."""
    text = in_one_spelling(text)
    return _pieces(text) if "#" in text or not text.isascii() else _words(text)


def _words(text: str) -> Iterator[Piece]:
    """The same for a text in ASCII without hashtags, by a simpler pattern that is faster."""
    follows = False
    for word, gap in _ASCII_WORD.findall(text):
        yield Piece(word[:_MAX_WORD], False, False, follows)
        follows = gap.isspace()


def _pieces(text: str) -> Iterator[Piece]:
    end = -1
    hashtag = False
    for match in _patterns()["piece"].finditer(text):
        start = match.start()
        hashtag = bool(match[1]) or (hashtag and start == end)
        follows = end >= 0 and (start == end or text[end:start].isspace())
        end = match.end()
        if match[2]:
            yield Piece(match[2], True, hashtag, follows)
        else:
            yield Piece(match[3][:_MAX_WORD], False, hashtag, follows)


def characters(run: str) -> list[str]:
    """The characters of a run as a reader sees them: no word begins or ends inside one.

    Each is a letter with its marks; in Thai and Lao, with the vowels written before and after it.
    """
    if run[0] > LETTERS_END and run.isalpha():
        return list(run)
    matches: list[str] = _patterns()["character"].findall(run)
    return matches


def character_ngrams(run: list[str]) -> Iterator[str]:
    """All pairs and triples of neighbouring characters, or the single character of a run of one."""
    if len(run) == 1:
        yield run[0]
    for size in _NGRAM_SIZES:
        for start in range(len(run) - size + 1):
            yield "".join(run[start : start + size])


def part_of_word(character: str) -> float:
    """The average fraction of a word that a character is: 1/2 for Chinese, 1/3 otherwise."""
    return 1 / 2 if _is_han(character) else 1 / 3


def terms_of(pieces: Iterable[Piece]) -> Iterator[str]:
    """The terms of the pieces of a text, in order, with repetitions."""
    for piece in pieces:
        if piece.spaceless:
            yield from character_ngrams(characters(piece.text))
        else:
            yield piece.text


def as_written(terms: Sequence[str], texts: Iterable[str]) -> list[str]:
    """Terms with their Chinese characters in the variants that most of the texts use."""
    variants: dict[str, Counter[str]] = {
        term: Counter() for term in terms if all(map(_is_han, term))
    }
    for text in texts if variants else ():
        written = unicodedata.normalize("NFKC", html.unescape(text[:MAX_CHARACTERS]))
        unified = written.translate(_han_table())
        for term, counts in variants.items():
            if (start := unified.find(term)) >= 0:
                counts[written[start : start + len(term)]] += 1
    commonest = {term: max(sorted(c), key=c.__getitem__) for term, c in variants.items() if c}
    return [commonest.get(term, term) for term in terms]


def _is_han(character: str) -> bool:
    return _HAN.match(character) is not None


def _split_hashtag(match: Any) -> str:
    words = _patterns()["capitals"].findall(match[1])
    return "".join(f" #{word}" for word in words) + " "


@cache
def _patterns() -> dict[str, Any]:
    import regex

    letter = r"[\p{L}\p{M}\p{N}]"
    return {
        "piece": regex.compile(
            rf"(?V1)(#?)(?:({_SPACELESS}+)|([\p{{L}}\p{{M}}\p{{N}}--{_SPACELESS}]+))"
        ),
        "character": regex.compile(
            r"(?:[\u0e40-\u0e44\u0ec0-\u0ec4](?=\p{L}))?.\p{M}*"
            r"[\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3]?",
            regex.DOTALL,
        ),
        # On Weibo, a second # closes a hashtag.
        "hashtag": regex.compile(rf"#((?:{letter}|_)+)(?:#(?!{letter}))?"),
        "capitals": regex.compile(
            r"\p{Lu}+(?![\p{Ll}\p{M}])\p{N}*|\p{Lu}?[\p{Ll}\p{M}]+|[^\p{Lu}\p{Ll}_]+"
        ),
    }


@cache
def _spelling_table() -> dict[int, str | None]:
    table: dict[int, str | None] = {**_han_table()}
    for start, stop in _OPTIONAL_MARKS + _ACCENTS:
        table.update(dict.fromkeys(range(start, stop)))
    for invisible in INVISIBLE:
        table.update(dict.fromkeys(invisible))
    return table


@cache
def _han_table() -> dict[int, str]:
    """The most common variant of each Chinese character; lengths and positions don't change."""
    table: dict[int, str] = {}
    classes: dict[str, list[str]] = {}
    for character, standard in same_characters().items():
        classes.setdefault(standard, [standard]).append(character)
    for members in classes.values():
        common = min(members, key=_rarity)
        table.update((ord(member), common) for member in members if member != common)
    return table


def _rarity(character: str) -> tuple[bool, bytes]:
    """Sorts the characters of GB 2312 first; its first level has the most common ones."""
    try:
        return False, character.encode("gb2312")
    except UnicodeEncodeError:
        return True, character.encode()
