"""The terms of a text in any language: words, or runs of characters where no spaces are written.

Chinese, Japanese, Thai, Lao, Khmer and Burmese set no spaces between words. Their terms are all
pairs and triples of neighbouring characters, a character being a letter with its marks: no
dictionary is asked, so that new words, other spellings and slips count like any others.
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
    "MAX_CHARACTERS",
    "Piece",
    "as_written",
    "characters",
    "grams",
    "part_of_word",
    "pieces",
    "spelled",
    "terms",
    "terms_of",
]

MAX_CHARACTERS = 8_000  # of a text that are read; what a text says it says at its beginning
_LONGEST = 64  # characters of a word; what is longer is cut, and no language's
_GRAMS = (2, 3)

_SPACELESS = (
    r"[[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\u30fc\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
    r"&&[\p{L}\p{M}]]"
)
# Points that writers of Hebrew and Arabic put in or leave out at will, and the stroke that
# stretches Arabic words.
_OPTIONAL = ((0x591, 0x5C8), (0x610, 0x61B), (0x640, 0x641), (0x64B, 0x660), (0x6D6, 0x6ED))
_ACCENTS = ((0x300, 0x370), (0x1AB0, 0x1B00), (0x1DC0, 0x1E00), (0x20D0, 0x2100), (0xFE20, 0xFE30))
# NFKC takes these vowels apart, Thai and Lao writers don't.
_VOWELS = (("\u0e4d\u0e32", "\u0e33"), ("\u0ecd\u0eb2", "\u0eb3"))

_LETTERS_END = "\u2e80"  # where scripts of syllables and signs for words begin
_HAN = re.compile("[\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class Piece(NamedTuple):
    """A word, or a run of characters of a script without spaces.

    `hashtag` tells that it stands in a hashtag, `follows` that nothing but space is between it and
    the piece before it.
    """

    text: str
    spaceless: bool
    hashtag: bool
    follows: bool


def spelled(text: str) -> str:
    """A text in one spelling: NFKC, case folded, without links, mentions, and what is not seen.

    One Chinese character stands for all its forms, those that the signal `caption_key` takes for
    one; it is the one that is read most. Hashtags are parted where capitals or underscores part
    them; the mark # stays. What exports escape is resolved: the entities of HTML, and line breaks.
    """
    text = without_links(html.unescape(text[:MAX_CHARACTERS]).replace(r"\n", " "))
    if "#" in text:
        text = _patterns()["hashtag"].sub(_parted, text)
    text = text.casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_one_form())
        for apart, together in _VOWELS:
            text = text.replace(apart, together)
    return text


def pieces(text: str) -> Iterator[Piece]:
    """The pieces of a text that is `spelled`, in order."""
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
            yield Piece(match[3][:_LONGEST], False, hashtag, follows)


def characters(run: str) -> list[str]:
    """The characters of a run as they are read: what no word begins or ends within.

    A letter with its marks; in Thai and Lao with the vowels that are written before and after it.
    """
    if run[0] > _LETTERS_END and run.isalpha():
        return list(run)
    found: list[str] = _patterns()["character"].findall(run)
    return found


def grams(run: list[str]) -> Iterator[str]:
    """All pairs and triples of neighbouring characters; a character that stands alone is one."""
    if len(run) == 1:
        yield run[0]
    for size in _GRAMS:
        for start in range(len(run) - size + 1):
            yield "".join(run[start : start + size])


def part_of_word(character: str) -> float:
    """What part of a word a character is, on average: half of a Chinese one, a third of others."""
    return 1 / 2 if _is_han(character) else 1 / 3


def terms(text: str) -> list[str]:
    """The terms of a text as it was written, with repetitions; empty where it holds no letters."""
    return list(terms_of(pieces(spelled(text))))


def terms_of(found: Iterable[Piece]) -> Iterator[str]:
    """The terms of some pieces, in order."""
    for piece in found:
        if piece.spaceless:
            yield from grams(characters(piece.text))
        else:
            yield piece.text


def as_written(found: Sequence[str], texts: Iterable[str]) -> list[str]:
    """Terms of some texts with their Chinese characters in the form that most of these have."""
    forms: dict[str, Counter[str]] = {term: Counter() for term in found if all(map(_is_han, term))}
    for text in texts if forms else ():
        written = unicodedata.normalize("NFKC", html.unescape(text[:MAX_CHARACTERS]))
        one_form = written.translate(_one_han())
        for term, counts in forms.items():
            if (start := one_form.find(term)) >= 0:
                counts[written[start : start + len(term)]] += 1
    most = {term: max(sorted(c), key=c.__getitem__) for term, c in forms.items() if c}
    return [most.get(term, term) for term in found]


def _is_han(character: str) -> bool:
    return _HAN.match(character) is not None


def _parted(match: Any) -> str:
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
        # On Weibo a second # closes a hashtag.
        "hashtag": regex.compile(rf"#((?:{letter}|_)+)(?:#(?!{letter}))?"),
        "capitals": regex.compile(
            r"\p{Lu}+(?![\p{Ll}\p{M}])\p{N}*|\p{Lu}?[\p{Ll}\p{M}]+|[^\p{Lu}\p{Ll}_]+"
        ),
    }


@cache
def _one_form() -> dict[int, str | None]:
    forms: dict[int, str | None] = {**_one_han()}
    for start, stop in _OPTIONAL + _ACCENTS:
        forms.update(dict.fromkeys(range(start, stop)))
    for unseen in INVISIBLE:
        forms.update(dict.fromkeys(unseen))
    return forms


@cache
def _one_han() -> dict[int, str]:
    """The character that stands for each Chinese one: one for one, so that places stay."""
    forms: dict[int, str] = {}
    classes: dict[str, list[str]] = {}
    for one, same in same_characters().items():
        classes.setdefault(same, [same]).append(one)
    for members in classes.values():
        read = min(members, key=_how_common)
        forms.update((ord(one), read) for one in members if one != read)
    return forms


def _how_common(character: str) -> tuple[bool, bytes]:
    """Before others what GB 2312 knows: its first level are the characters that are read most."""
    try:
        return False, character.encode("gb2312")
    except UnicodeEncodeError:
        return True, character.encode()
