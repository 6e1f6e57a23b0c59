"""Defines the sets of pictures that the benchmark queries and searches."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from copies.edits import EDITS, STRENGTHS, edited, seeded
from copies.originals import ORIGINALS, Photos, opened, photos
from copies.preparing import source_digest

__all__ = ["Edited", "Files", "edited_sets"]

_HERE = Path(__file__).parent
_MADE_BY = ("edits", "lettering", "marked", "originals", "retouched", "screens", "surrounded")
_STEP = (6, 2, 6)  # by strength: every sixth original, every second, every sixth


@dataclass(frozen=True, slots=True)
class Edited:
    """One edit at one strength, of some of the originals by number."""

    seed: int
    edit: str
    strength: int
    numbers: tuple[int, ...]

    @property
    def name(self) -> str:
        """The name of its file: the originals, and what made the edits."""
        which = f"{zlib.crc32(repr(self.numbers).encode()):08x}"
        return f"{self.edit}-{STRENGTHS[self.strength]}-{which}-{made_by(self.seed)}"

    def pictures(self) -> Iterator[bytes]:
        """Edit them."""
        dealt = dealt_photos(self.seed)
        for number in self.numbers:
            rng = seeded(self.seed, self.edit, self.strength, number)
            image = opened(dealt.originals[number])
            yield edited(EDITS[self.edit], image, self.strength, rng, dealt.beside)


@dataclass(frozen=True, slots=True)
class Files:
    """Pictures as they are."""

    called: str
    paths: tuple[Path, ...]

    @property
    def name(self) -> str:
        """The name of its file: `called`, and which pictures they are."""
        names = "".join(path.name for path in self.paths)
        return f"{self.called}-{zlib.crc32(names.encode()):08x}"

    def pictures(self) -> Iterator[bytes]:
        """Read them."""
        return (path.read_bytes() for path in self.paths)


def edited_sets(seed: int, *, quick: bool) -> list[Edited]:
    """Every edit at every strength: of half of the originals at middle, of a sixth otherwise.

    With `quick` of a tenth of those.
    """
    sets = []
    for name in EDITS:
        for strength, step in enumerate(_STEP):
            first = zlib.crc32(name.encode()) % step
            numbers = range(first, ORIGINALS, 10 * step if quick else step)
            sets.append(Edited(seed, name, strength, tuple(numbers)))
    return sets


def made_by(seed: int) -> str:
    """Names the code and the seed that edited pictures are made by."""
    return f"{seed}-{source_digest(*(_HERE / f'{name}.py' for name in _MADE_BY))}"


@lru_cache(maxsize=1)
def dealt_photos(seed: int) -> Photos:
    """The photos, companions decoded once in a process."""
    return photos(seed)
