"""Plans the pictures of the whole-case benchmark: assigns photographs to edits and templates."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from copies.alterations import ALTERATIONS
from copies.edits import EDITS
from copies.kinds import Half, Kind, Shows, half_of_photo, kinds_of, templates_of
from copies.labels import Role
from copies.negatives import ADDING, LOOK_ALIKE
from copies.originals import all_photos
from copies.platforms import CONTROLS

__all__ = ["DEFAULT", "QUICK", "SAME_EDITS", "STEREO", "Job", "Size", "jobs"]

STEREO = "stereo pair"
SAME_EDITS = tuple(name for name in ADDING if not name.startswith("collage"))  # a panel is a photo
_PANELS = {"collage_of_two": 2, "collage_of_four": 4, "picture_in_picture": 1}
_LOOK_ALIKES = frozenset(name for pair in LOOK_ALIKE for name in pair)


@dataclass(frozen=True, slots=True)
class Size:
    """The number of pictures in one half: `edits` of each original, `pictures` of each template."""

    originals: int
    edits: int
    companions: int
    distractors: int
    templates: int
    pictures: int
    scenes: int
    shots: int
    altered: int
    controls: int


DEFAULT = Size(150, 18, 64, 200, 4, 14, 12, 4, 30, 14)
QUICK = Size(24, 9, 40, 30, 2, 4, 3, 3, 5, 2)


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to make: its photograph, those beside it, and the number of its template."""

    role: Role
    kind: str
    photo: Path
    others: tuple[Path, ...] = ()
    template: int = 0
    number: int = 0


@dataclass(frozen=True, slots=True)
class _Dealt:
    originals: Sequence[Path]
    companions: Sequence[Path]
    scenes: Sequence[Path]
    distractors: Sequence[Path]


def jobs(seed: int, half: Half, size: Size) -> list[Job]:
    """Everything to be made, in order."""
    dealt = _dealt(seed, half, size)
    return [
        *(Job(Role.ORIGINAL, "", path) for path in dealt.originals),
        *(Job(Role.DISTRACTOR, "", path) for path in dealt.distractors),
        *_edits(seed, dealt, size),
        *_templates(seed, half, dealt, size),
        *_same_edits(seed, half, dealt, size),
        *_look_alikes(half),
        *_altered(seed, dealt, size),
    ]


def _dealt(seed: int, half: Half, size: Size) -> _Dealt:
    """Photographs by their part; those of scenes and companions are in no other picture."""
    paths = [
        path
        for path in all_photos()
        if half.holds(half_of_photo(path)) and path.name not in _LOOK_ALIKES
    ]
    order = np.random.default_rng([seed, 7]).permutation(len(paths))
    left = iter([paths[at] for at in order])
    parts = (size.originals, size.companions, 3 * size.scenes, size.distractors)
    return _Dealt(*([path for path, _ in zip(left, range(count), strict=False)] for count in parts))


def _edits(seed: int, dealt: _Dealt, size: Size) -> Iterator[Job]:
    """Each original in some of the edits, in rotation; panels of collages from the companions."""
    names = list(EDITS)
    for number, photo in enumerate(dealt.originals):
        for at in range(size.edits):
            name = names[(number * size.edits + at) % len(names)]
            rng = np.random.default_rng([seed, zlib.crc32(name.encode()), number])
            chosen = rng.permutation(len(dealt.companions))[: _PANELS.get(name, 0)]
            others = tuple(dealt.companions[which] for which in chosen)
            yield Job(Role.EDIT, name, photo, others, number=number)


def _templates(seed: int, half: Half, dealt: _Dealt, size: Size) -> Iterator[Job]:
    scenes = iter(dealt.scenes)
    for kind in kinds_of(half):
        if kind.shows is Shows.SCENE:
            numbers = templates_of(kind, half, size.scenes)[: size.scenes]
            for template, scene in zip(numbers, scenes, strict=False):
                yield from _pictures(seed, kind, template, [scene] * size.shots, dealt)
            continue
        for template in templates_of(kind, half, size.templates):
            rng = np.random.default_rng([seed, zlib.crc32(kind.name.encode()), template])
            chosen = rng.permutation(len(dealt.distractors))[: size.pictures]
            photos = [dealt.distractors[which] for which in chosen]
            yield from _pictures(seed, kind, template, photos, dealt)


def _pictures(
    seed: int, kind: Kind, template: int, photos: Sequence[Path], dealt: _Dealt
) -> Iterator[Job]:
    """One template's pictures; no two of them have an avatar or a teaser in common."""
    rng = np.random.default_rng([seed, zlib.crc32(kind.name.encode()), template, 1])
    order = rng.permutation(len(dealt.companions))
    for number, photo in enumerate(photos):
        first = 0 if kind.shows is Shows.SCENE else number * kind.others  # one scene, one walker
        chosen = [order[(first + more) % len(order)] for more in range(kind.others)]
        others = tuple(dealt.companions[which] for which in chosen)
        yield Job(Role.TEMPLATE, kind.name, photo, others, template, number)


def _same_edits(seed: int, half: Half, dealt: _Dealt, size: Size) -> Iterator[Job]:
    """Different photographs under one edit; even draws are of middle strength, odd ones strong."""
    first = 0 if half is not Half.JUDGE else 1000
    pictures = max(size.pictures * 4 // 7, 3)
    for name in SAME_EDITS:
        for template in range(first, first + size.templates):
            rng = np.random.default_rng([seed, zlib.crc32(name.encode()), template, 2])
            chosen = rng.permutation(len(dealt.distractors))[:pictures]
            for number, which in enumerate(chosen):
                photo = dealt.distractors[which]
                yield Job(Role.SAME_EDIT, name, photo, (), template, number)


def _look_alikes(half: Half) -> Iterator[Job]:
    """The few real pairs, in both halves: they are too few to tune to."""
    paths = {path.name: path for path in all_photos()}
    for template, pair in enumerate(LOOK_ALIKE):
        for number, name in enumerate(pair):
            yield Job(Role.LOOK_ALIKE, "look-alikes", paths[name], (), template, number)
    for number in range(2):
        yield Job(Role.LOOK_ALIKE, STEREO, Path(f"stereo-{number}"), (), 0, number)


def _altered(seed: int, dealt: _Dealt, size: Size) -> Iterator[Job]:
    rng = np.random.default_rng([seed, 11])
    for role, names, count in (
        (Role.ALTERED, tuple(ALTERATIONS), size.altered),
        (Role.CONTROL, tuple(CONTROLS), size.controls),
    ):
        for name in names:
            chosen = rng.permutation(len(dealt.originals))[:count]
            for number, which in enumerate(chosen):
                other = dealt.companions[int(rng.integers(len(dealt.companions)))]
                yield Job(role, name, dealt.originals[which], (other,), number=number)
