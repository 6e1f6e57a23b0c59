"""Fuzzes readers, decoders and tips, guided by the lines of code that an input reaches.

Inputs that reach new lines are kept in the corpus, a folder from which the next run goes on:

    python benchmarks/reading/fuzz_coverage.py sources --corpus fuzz/sources --runs 100000

`sources` are exports, archives and workbooks by every reader; `pictures` every format of picture;
`tips` are tips and verdicts, made from those named with `--seeds`. Half of the changes know the
structure of tables and JSON, half are libFuzzer's own. An error that Frametrace doesn't raise on
purpose is printed once by its place, and its input is kept beside the corpus. An input that takes
over 20 s ends the run; so does a process of over 1 GB, which long runs reach by themselves.
"""

import argparse
import contextlib
import hashlib
import io
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from random import Random

import atheris
import numpy as np
from PIL import Image

with atheris.instrument_imports(include=["frametrace"]):
    from hostile_inputs import Input, samples
    from mutations import mutated_bytes, mutated_json, mutated_table, mutated_text
    from reading_worker import place_of, read_input

    from frametrace.embed.decoding.decode import decode
    from frametrace.matcher.tips.read_tip import read_tip
    from frametrace.matcher.tips.verdicts import read_verdict
    from frametrace.posts.errors import FrametraceError

_LONGEST = 60_000  # bytes of an input
_SECONDS = 20  # for one input
_MEGABYTES = 1024  # of the process
# The first byte of an input of `sources` chooses the name of its file.
_NAMES = (
    *("posts.csv", "posts.tsv", "posts.json", "posts.jsonl", "tweets.js", "page.html", "_chat.txt"),
    *("posts.xlsx", "posts.parquet", "posts.zip", "posts.tar", "posts.tar.gz", "posts.csv.gz"),
    *("posts.json.zst", "posts.csv.bz2", "posts.csv.xz", "posts"),
)
_PICTURES = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "AVIF")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", choices=_TARGETS)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20190819)
    parser.add_argument("--seeds", type=Path, nargs="*", default=[], help="files to begin with")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen.corpus.mkdir(parents=True, exist_ok=True)
    target = _TARGETS[chosen.target]
    for content in chain(target.seeds(), (file.read_bytes() for file in chosen.seeds)):
        if len(content) <= _LONGEST:
            name = hashlib.sha256(content).hexdigest()[:16]
            (chosen.corpus / name).write_bytes(content)
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=_in_memory()) as scratch:
        found = _Found(chosen.corpus.with_name(f"{chosen.corpus.name}-errors"))
        attempt = target.prepare(Path(scratch))
        options = [
            *(f"-runs={chosen.runs}", f"-seed={chosen.seed}", f"-max_len={_LONGEST}"),
            *(f"-timeout={_SECONDS}", f"-rss_limit_mb={_MEGABYTES}", "-print_final_stats=1"),
            *("-verbosity=1", f"-artifact_prefix={found.folder}/", str(chosen.corpus)),
        ]
        atheris.Setup(
            [sys.argv[0], *options],
            lambda content: found.by(attempt, content),
            custom_mutator=partial(_mutated, target.changes),
        )
        atheris.Fuzz()


Change = Callable[[bytes, Random], bytes]


@dataclass(frozen=True, slots=True)
class _Target:
    """What is fuzzed: how an input is tried, and what inputs are made from."""

    prepare: Callable[[Path], Callable[[bytes], object]]
    changes: Sequence[Change]
    seeds: Callable[[], Iterator[bytes]]


class _Found:
    """The errors of this run, each once by its place in the code."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._places: set[str] = set()

    def by(self, attempt: Callable[[bytes], object], content: bytes) -> None:
        try:
            attempt(content)
        except FrametraceError:
            pass
        except Exception as error:
            place = place_of(error)
            where = place.rpartition(" @ ")[2]
            if where not in self._places:
                self._places.add(where)
                name = hashlib.sha256(where.encode()).hexdigest()[:12]
                (self.folder / name).write_bytes(content)
                print(f"ERROR {name} {place}", flush=True)


def _mutated(changes: Sequence[Change], content: bytes, most: int, seed: int) -> bytes:
    dice = Random(seed)
    if dice.random() < 0.5 or not content:
        return bytes(atheris.Mutate(content, most))
    first, rest = content[:1], content[1:]
    with contextlib.suppress(ValueError, IndexError, RecursionError):  # not of that structure
        rest = dice.choice(changes)(rest, dice)
    return (first + rest)[:most]


def _sources(scratch: Path) -> Callable[[bytes], object]:
    media = scratch / "media"
    media.mkdir()

    def attempt(content: bytes) -> object:
        file = scratch / _NAMES[content[0] % len(_NAMES)] if content else scratch / "posts"
        file.write_bytes(content[1:])
        try:
            return read_input(Input(file, media))
        finally:
            file.unlink()

    return attempt


def _source_seeds() -> Iterator[bytes]:
    by_suffix = {Path(name).suffix: at for at, name in reversed(list(enumerate(_NAMES)))}
    for sample in samples():
        at = by_suffix.get(sample.suffix)
        if at is not None:
            yield bytes([at]) + sample.read_bytes()[: _LONGEST - 1]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        (folder / "export").mkdir()
        for sample in samples()[:40:10]:
            shutil.copy(sample, folder / "export")
            for kind, suffix in (("zip", "zip"), ("tar", "tar"), ("gztar", "tar.gz")):
                made = Path(shutil.make_archive(str(folder / "made"), kind, folder / "export"))
                yield bytes([_NAMES.index(f"posts.{suffix}")]) + made.read_bytes()


def _pictures(_: Path) -> Callable[[bytes], object]:
    return decode


def _picture_seeds() -> Iterator[bytes]:
    dice = np.random.default_rng(0)
    for mode in ("RGB", "L", "P", "RGBA", "CMYK", "1", "I;16"):
        rough = Image.fromarray(dice.integers(0, 256, (8, 9, 3), dtype=np.uint8))
        image = rough.resize((48, 40)).convert("I" if mode == "I;16" else mode)
        for format in _PICTURES:
            for options in ({}, {"progressive": True}, {"save_all": True}, {"interlace": 1}):
                buffer = io.BytesIO()
                with contextlib.suppress(OSError, ValueError, KeyError):
                    image.save(buffer, format, **options)
                    yield buffer.getvalue()


def _tips(scratch: Path) -> Callable[[bytes], object]:
    file = scratch / "tip.json"

    def attempt(content: bytes) -> None:
        file.write_bytes(content)
        for read in (read_tip, read_verdict):
            with contextlib.suppress(FrametraceError):
                read(file)

    return attempt


_TARGETS = {
    "sources": _Target(
        _sources, (mutated_bytes, mutated_text, mutated_table, mutated_json), _source_seeds
    ),
    "pictures": _Target(_pictures, (mutated_bytes,), _picture_seeds),
    "tips": _Target(_tips, (mutated_json, mutated_text), lambda: iter(())),
}


def _in_memory() -> str | None:
    """A folder without a disk, where there is one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


if __name__ == "__main__":
    main()
