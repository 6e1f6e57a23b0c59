"""Makes all media of a run in a folder: originals, edits, videos that share an element, stills.

What a run has made is kept: the next one in the same folder makes only what is missing. Half of the
photographs, of the real clips and of the templates are for tuning, half for judging.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from copies.kinds import Half, half_of_photo
from copies.originals import all_photos
from copies.preparing import source_digest
from measuring import Stopped, say
from video.clip_edits import EDITS, recipe_of
from video.clips import Clip, deal, drawn, real_clips, some_clip
from video.cutting import Source, frames_of, spans_of
from video.encoding import RATE, facts, write_video
from video.shared_elements import ELEMENTS, Plan, made_element
from video.stills import still
from video.truth import COMMON, Made, Role, Span

__all__ = ["FULL", "QUICK", "Size", "video_set"]

_HERE = Path(__file__).parent
_MAKERS = (  # modules whose code decides what is in the videos
    "clip_edits",
    "clips",
    "cutting",
    "encoding",
    "overlays",
    "people",
    "reframings",
    "sets",
    "shared_elements",
    "stills",
)
_SLIDES = 4  # photographs of a slideshow
_ORIGINAL_CRF = 23

Task = Callable[[], Made]


@dataclass(frozen=True, slots=True)
class Size:
    """How much one half has: `each` original is for one edit at one strength; all else counts.

    `templates` is per kind of shared element, `videos` per template.
    """

    originals: int
    fillers: int
    each: int
    strengths: tuple[int, ...]
    templates: int
    videos: int
    stills: int


FULL = Size(100, 20, 5, (0, 1, 2), 3, 7, 147)
QUICK = Size(12, 4, 1, (1,), 1, 3, 14)


def video_set(folder: Path, half: Half, size: Size, seed: int, more: Path | None) -> list[Made]:
    """All media of one half, made on all cores where they are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, f"{half} {seed} {size} {_made_by()}")
    own = seed + list(Half).index(half)  # no camera move, template, text or logo is in both halves
    plan = _Dealt.of(half, size, own)
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
        say(f"making {len(plan.originals) + len(plan.fillers)} original videos")
        tasks = [partial(_original, folder, clip, Role.ORIGINAL) for clip in plan.originals]
        tasks += [partial(_original, folder, clip, Role.FILLER) for clip in plan.fillers]
        first = [*_done(pool, tasks), *_real(folder, half, more)]
        later = [
            *_edits(folder, first, size, own),
            *_elements(folder, plan, size, own),
            *_stills(folder, first, size.stills, own),
        ]
        say(f"making {len(later)} edits, videos with shared elements, and stills")
        return [*first, *_done(pool, later)]


def _made_by() -> str:
    return source_digest(*(_HERE / f"{name}.py" for name in _MAKERS))


def _claim(folder: Path, key: str) -> None:
    """Remember what the folder is for. Raises `Stopped` if it was for something else."""
    made_as = folder / "made_as.txt"
    if made_as.exists() and made_as.read_text("utf-8") != key:
        raise Stopped(f"{folder} holds other videos, or those of older code; name another folder")
    made_as.write_text(key, "utf-8")


def _done(pool: ProcessPoolExecutor, tasks: Sequence[Task]) -> Iterator[Made]:
    futures = [pool.submit(task) for task in tasks]
    for number, future in enumerate(futures, 1):
        yield future.result()
        if number % 50 == 0:
            say(f"  {number} of {len(futures)}")


@dataclass(frozen=True, slots=True)
class _Dealt:
    """The clips of a half; none has a photograph of another, but `contents` serve every kind."""

    originals: Sequence[Clip]
    fillers: Sequence[Clip]
    contents: Sequence[Clip]
    slideshows: Sequence[Clip]

    @classmethod
    def of(cls, half: Half, size: Size, seed: int) -> "_Dealt":
        rng = np.random.default_rng([seed, 23])
        paths = [path for path in all_photos() if half.holds(half_of_photo(path))]
        left = [paths[at] for at in rng.permutation(len(paths))]
        originals, left = deal(left, size.originals, "original", seed)
        fillers, left = deal(left, size.fillers, "filler", seed)
        contents, left = deal(left, 2 * size.videos, "content", seed)
        shows = []
        for number in range(size.templates * size.videos):
            photos, left = left[:_SLIDES], left[_SLIDES:]
            shows.append(some_clip(f"slides-{number:03}", photos, rng, (12_000, 16_000)))
        if not left:
            raise Stopped(
                f"the half {half} has too few photographs for {size}: name another --seed"
            )
        return cls(originals, fillers, contents, shows)


def _original(folder: Path, clip: Clip, role: Role) -> Made:
    made = Made(
        f"{clip.name}.mp4", role, clip.name, (Span(0, clip.duration, clip.name, 0, clip.duration),)
    )
    if not (path := folder / made.file).exists():
        write_video(path, drawn(clip), rate=RATE, crf=_ORIGINAL_CRF)
    return made


def _real(folder: Path, half: Half, more: Path | None) -> Iterator[Made]:
    for source in real_clips(more):
        if half.holds(half_of_photo(source)):
            name = f"real-{source.stem}"
            path = folder / f"{name}{source.suffix}"
            if not path.exists():
                shutil.copy(source, path)
            length = facts(path).duration
            yield Made(path.name, Role.ORIGINAL, name, (Span(0, length, name, 0, length),))


def _source(folder: Path, made: Made) -> Source:
    return Source(made.name, folder / made.file, made.spans[0].end)


def _edits(folder: Path, first: Sequence[Made], size: Size, seed: int) -> Iterator[Task]:
    """Every edit at every strength: the originals take turns, in an order by seed."""
    rng = np.random.default_rng([seed, 29])
    long = [made for made in first if made.spans[0].end > COMMON + 200]
    originals = [made for made in long if made.role is Role.ORIGINAL]
    fillers = [_source(folder, made) for made in long if made.role is Role.FILLER]
    order: list[int] = []
    for name in EDITS:
        for strength in size.strengths:
            for _ in range(size.each):
                order = order or rng.permutation(len(originals)).tolist()
                beside = [fillers[at] for at in rng.permutation(len(fillers))[:3]]
                source = _source(folder, originals[order.pop()])
                yield partial(_edit, folder, [source, *beside], (name, strength), seed)


def _edit(folder: Path, sources: Sequence[Source], edit: tuple[str, int], seed: int) -> Made:
    name, strength = edit
    recipe = recipe_of(name, sources, strength, seed)
    stem = f"{name.replace(' ', '-')}-{strength}-{sources[0].name}"
    if not (path := folder / f"{stem}.mp4").exists():
        write_video(path, frames_of(recipe, sources), rate=recipe.rate, crf=recipe.crf)
    spans = spans_of(recipe, sources)
    return Made(path.name, Role.EDIT, stem, spans, name, strength, original=sources[0].name)


def _elements(folder: Path, dealt: _Dealt, size: Size, seed: int) -> Iterator[Task]:
    for kind in ELEMENTS:
        for template in range(size.templates):
            rng = np.random.default_rng([seed, template, 31])
            order = rng.permutation(len(dealt.contents))
            for number in range(size.videos):
                content = dealt.contents[order[number]]
                if kind == "slideshow":
                    content = dealt.slideshows[template * size.videos + number]
                yield partial(_element, folder, kind, Plan(template, number, content, seed))


def _element(folder: Path, kind: str, plan: Plan) -> Made:
    template = f"{kind.replace(' ', '-')}-{plan.template}"
    stem = f"{template}-{plan.number:02}"
    path, shown = folder / f"{stem}.mp4", folder / f"{stem}.json"
    if not shown.exists():
        frames, spans = made_element(kind, plan)
        if not path.exists():
            write_video(path, frames, rate=RATE, crf=_ORIGINAL_CRF)
        shown.write_text(json.dumps([asdict(span) for span in spans]), "utf-8")
    spans = tuple(Span(**span) for span in json.loads(shown.read_text("utf-8")))
    return Made(path.name, Role.ELEMENT, stem, spans, kind, template=template)


def _stills(folder: Path, first: Sequence[Made], count: int, seed: int) -> Iterator[Task]:
    originals = [made for made in first if made.role is Role.ORIGINAL]
    for number in range(count):
        source = _source(folder, originals[number * 5 % len(originals)])
        yield partial(_still, folder, source, number, seed)


def _still(folder: Path, source: Source, number: int, seed: int) -> Made:
    stem = f"still-{number:03}-{source.name}"
    facts_of, path = folder / f"{stem}.json", folder / f"{stem}.jpg"
    if not facts_of.exists():
        picture, edit, strength, ms = still(source, number, seed)
        path.write_bytes(picture)
        facts_of.write_text(json.dumps([edit, strength, ms]), "utf-8")
    edit, strength, ms = json.loads(facts_of.read_text("utf-8"))
    instant = (Span(0, 0, source.name, ms, ms),)
    return Made(path.name, Role.STILL, stem, instant, edit, strength, original=source.name)
