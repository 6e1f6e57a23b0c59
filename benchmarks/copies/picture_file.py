"""Makes the pictures of the whole-case benchmark, and keeps them in the temporary folder."""

import hashlib
import io
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from copies.alterations import alter
from copies.edits import EDITS, edited, seeded
from copies.kinds import KINDS, Half, Shows
from copies.labels import SCHEMA, Label, Role
from copies.negatives import SIZE
from copies.originals import opened
from copies.plan import STEREO, Job, Size, jobs
from copies.platforms import SENT, moved_box, send
from copies.preparing import folder, source_digest
from copies.scenes import stereo_pair
from measuring import say
from PIL import Image, ImageOps

__all__ = ["MIDDLE", "picture_file"]

MIDDLE, STRONG = 1, 2  # strengths of edits
_BLOCK = 64  # pictures a worker makes at a time
_HERE = Path(__file__).parent
_QUALITIES = (70, 93)  # of the JPEG that pictures of templates end in
_MAKES_NONE = (  # modules by the beginning of their names
    "bench_",
    "confused",
    "contact_sheets",
    "crops",
    "drawing",
    "group_",
    "judged",
    "measures",
    "ours",
    "peers",
    "preparing",
    "trimming",
)

Made = tuple[Label, bytes]


def picture_file(seed: int, half: Half, size: Size) -> Path:
    """A Parquet file of all pictures in `SCHEMA`; made on all cores if it is missing."""
    todo = jobs(seed, half, size)
    named = f"{half}-{len(todo)}-{seed}-{_made_by()}-{zlib.crc32(repr(size).encode()):08x}"
    path = folder() / "groups" / f"{named}.parquet"
    if not path.exists():
        say(f"making {len(todo):,} pictures")
        path.parent.mkdir(exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        with pq.ParquetWriter(beside, SCHEMA, compression="none") as writer:
            for rows in _blocks(todo, seed):
                writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
        beside.rename(path)
    return path


def _made_by() -> str:
    """The digest of all code that makes pictures."""
    paths = sorted(_HERE.glob("*.py"))
    return source_digest(*(path for path in paths if not path.name.startswith(_MAKES_NONE)))


def _blocks(todo: Sequence[Job], seed: int) -> Iterator[list[dict[str, Any]]]:
    blocks = [todo[at : at + _BLOCK] for at in range(0, len(todo), _BLOCK)]
    workers = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done, rows in enumerate(pool.map(partial(_make_all, seed), blocks), 1):
            if done % 10 == 0:
                say(f"  {done * _BLOCK:,} of {len(todo):,}")
            yield rows


def _make_all(seed: int, block: Sequence[Job]) -> list[dict[str, Any]]:
    rows = []
    for job in block:
        if (one := _MAKERS[job.role](job, seed)) is None:
            continue
        label, picture = one
        digest = hashlib.sha256(picture).hexdigest()
        rows.append({**asdict(label), "sha256": digest, "picture": picture})
    return rows


def _rng(job: Job, seed: int) -> np.random.Generator:
    words = f"{job.role} {job.kind} {job.photo.name}"
    return np.random.default_rng([seed, zlib.crc32(words.encode()), job.template, job.number])


@lru_cache(maxsize=256)
def _photo(path: Path) -> Image.Image:
    return opened(path)


def _others(job: Job) -> tuple[Image.Image, ...]:
    return tuple(map(_photo, job.others))


def _as_it_is(job: Job, seed: int) -> Made:
    name = job.photo.name
    return Label(job.role, job.kind, name, (name,)), job.photo.read_bytes()


def _edit(job: Job, seed: int) -> Made:
    rng = seeded(seed, job.kind, MIDDLE, job.number)
    picture = edited(EDITS[job.kind], _photo(job.photo), MIDDLE, rng, _others(job))
    shows = (job.photo.name, *(path.name for path in job.others))
    return Label(job.role, job.kind, job.photo.name, shows), picture


def _of_template(job: Job, seed: int) -> Made:
    kind, rng = KINDS[job.kind], _rng(job, seed)
    image = kind.make(_photo(job.photo), _others(job), rng, job.template)
    template, name = f"{kind.name} {job.template}", job.photo.name
    shows: tuple[str, ...] = (name, *(path.name for path in job.others))
    if kind.shows is not Shows.PHOTO:  # a chart, or a scene that no other photograph shows
        name = f"{template}, {job.number}"
        shows = (name,)
    quality = int(rng.integers(*_QUALITIES))
    return Label(job.role, job.kind, name, shows, template), _jpeg(image, quality)


def _same_edit(job: Job, seed: int) -> Made:
    strength = (MIDDLE, STRONG)[job.template % 2]
    rng = seeded(seed, job.kind, strength, job.template)
    image = ImageOps.fit(_photo(job.photo), SIZE)
    picture = edited(EDITS[job.kind], image, strength, rng, ())
    name, kind = job.photo.name, f"same {job.kind.replace('_', ' ')}"
    return Label(job.role, kind, name, (name,), f"{kind} {job.template}"), picture


def _look_alike(job: Job, seed: int) -> Made:
    template = f"{job.kind} {job.template}"
    if job.kind == STEREO:
        picture = _jpeg(stereo_pair()[job.number], 88)
        return Label(job.role, job.kind, job.photo.name, (job.photo.name,), template), picture
    name = job.photo.name
    return Label(job.role, job.kind, name, (name,), template), job.photo.read_bytes()


def _altered(job: Job, seed: int) -> Made | None:
    rng = _rng(job, seed)
    altered = alter(job.kind, _photo(job.photo), _others(job), rng)
    if altered is None:
        return None
    way = SENT[int(rng.integers(len(SENT)))]
    sent = send(way, altered.image, rng, altered.box)
    name = job.photo.name
    place = moved_box(altered.box, sent)
    label = Label(job.role, job.kind, name, (name,), "", altered.box, place, altered.area)
    return label, sent.picture


def _control(job: Job, seed: int) -> Made:
    sent = send(job.kind, _photo(job.photo), _rng(job, seed))
    name = job.photo.name
    return Label(job.role, job.kind, name, (name,)), sent.picture


def _jpeg(image: Image.Image, quality: int) -> bytes:
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=quality)
    return sink.getvalue()


_MAKERS: Mapping[Role, Any] = {
    Role.ORIGINAL: _as_it_is,
    Role.DISTRACTOR: _as_it_is,
    Role.EDIT: _edit,
    Role.TEMPLATE: _of_template,
    Role.SAME_EDIT: _same_edit,
    Role.LOOK_ALIKE: _look_alike,
    Role.ALTERED: _altered,
    Role.CONTROL: _control,
}
