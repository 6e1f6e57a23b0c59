"""Measures pictures a second and core through decode + pdq + phash, beside `threatexchange`.

Both read the same files in one process, taking turns; processor time is what counts. Ours computes
two hashes and also checks the bytes' SHA-256; theirs computes PDQ.
"""

import hashlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers

import numpy as np
from generating import jpeg, picture
from measuring import Finding, Stopped, conclude, interleaved, options, ratio, say, shared_data

from frametrace.embed.decoding.decode import decode
from frametrace.embed.pictures import Preparation, Refused
from frametrace.embed.signals.pdq import Pdq, from_hex
from frametrace.embed.signals.phash import Phash
from frametrace.posts.media.identify_picture import read_media
from frametrace.posts.model import MediaItem

if TYPE_CHECKING:
    from threatexchange.signal_type.pdq.signal import PdqSignal

# Made pictures by name: how many, how many with --quick, width, height, JPEG quality.
MADE = {"1,024 px": (48, 12, 1024, 768, 85), "12 MP": (12, 3, 4000, 3000, 93)}
SMALL_QUICK = 60
ROUNDS, ROUNDS_QUICK = 5, 2
BLOCKS = {"480 px": 50, "1,024 px": 12, "12 MP": 1}  # pictures before the other takes its turn
MIN_QUALITY = 80  # quality of 100 from which implementations of PDQ should agree

STEPS = ("read and check", "decode", "pdq", "phash")
GOALS = {"480 px": 1.2, "1,024 px": 3.0, "12 MP": 5.0}


def main() -> None:
    chosen = options(__doc__ or "")
    peer = _peer()
    findings: list[Finding] = []
    remarks: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-hashing-") as folder:
        for name, items in _sets(Path(folder), chosen.seed, quick=chosen.quick).items():
            say(f"{name}: {len(items)} pictures")
            rounds = ROUNDS_QUICK if chosen.quick else ROUNDS
            block = BLOCKS[name]
            blocks = [items[start : start + block] for start in range(0, len(items), block)]
            findings += _compared(name, blocks, rounds, peer)
            remarks += [_steps(name, items, rounds), _agreement(name, items)]
    packages = ("threatexchange", "pdqhash", "ImageHash", "pillow", "numpy")
    conclude("hashing", findings, remarks, packages, chosen)


def _peer() -> "type[PdqSignal]":
    try:
        from threatexchange.signal_type.pdq.signal import PdqSignal
    except ImportError:
        raise Stopped(
            "the peer is absent: pip install -c constraints.txt -r benchmarks/requirements.txt"
        ) from None
    return PdqSignal


def _sets(folder: Path, seed: int, *, quick: bool) -> dict[str, list[MediaItem]]:
    sets = {}
    if (shared := shared_data()) is None:
        say("left out: the small photographs, for ../shared/data (or $FRAMETRACE_SHARED) is absent")
    else:
        paths = sorted((shared / "photos").rglob("*.jpg"))
        chosen = np.random.default_rng(seed).permutation(len(paths))[:SMALL_QUICK]
        sets["480 px"] = _items([paths[at] for at in sorted(chosen)] if quick else paths)
    for name, (count, count_quick, width, height, quality) in MADE.items():
        paths = []
        for number in range(count_quick if quick else count):
            say(f"making picture {number + 1} of {name}")
            paths.append(folder / f"{width}-{number:02}.jpg")
            paths[-1].write_bytes(jpeg(picture(seed + number, width, height), quality=quality))
        sets[name] = _items(paths)
    return sets


def _items(paths: Sequence[Path]) -> list[MediaItem]:
    return [
        MediaItem(hashlib.sha256(data).hexdigest(), str(path.parent), path.name, len(data))
        for path in paths
        for data in [path.read_bytes()]
    ]


def _path(item: MediaItem) -> Path:
    return Path(item.root, item.path)


def _compared(
    name: str, blocks: Sequence[Sequence[MediaItem]], rounds: int, peer: "type[PdqSignal]"
) -> list[Finding]:
    both = Preparation({"pdq": Pdq().preparer(), "phash": Phash().preparer()})
    alone = Preparation({"pdq": Pdq().preparer()})
    contenders: Mapping[str, Callable[[Sequence[MediaItem]], object]] = {
        "pdq + phash": lambda block: [_hashed(both, item) for item in block],
        "pdq alone": lambda block: [_hashed(alone, item) for item in block],
        "peer": lambda block: [peer.hash_from_file(_path(item)) for item in block],
    }
    for contender in contenders.values():
        contender(blocks[0])  # what is made once, and what the disk cache lacks
    seconds = interleaved(contenders, blocks, rounds, clock=time.process_time)
    count = sum(map(len, blocks))

    def rate(contender: str) -> str:
        return f"{count / statistics.median(seconds[contender]):,.1f}/s"

    return [
        Finding(
            f"{count} pictures of {name}: decode + {ours}, a core",
            rate(ours),
            f"threatexchange, PDQ: {rate('peer')}",
            ratio(seconds["peer"], seconds[ours]),
            at_least=GOALS[name] if ours == "pdq + phash" else None,
        )
        for ours in ("pdq + phash", "pdq alone")
    ]


def _hashed(preparation: Preparation, item: MediaItem) -> Mapping[str, Any]:
    result = preparation(item)
    if isinstance(result, Refused):
        raise Stopped(f"{_path(item)}: {result.reason}")
    return result.frames[0]


def _steps(name: str, items: Sequence[MediaItem], rounds: int) -> str:
    """Where our time goes, one picture at a time as in the workers."""
    pdq, phash = Pdq().preparer(), Phash().preparer()
    marks = np.empty((rounds, len(items), len(STEPS) + 1))
    for at in range(rounds):
        for number, item in enumerate(items):
            marks[at, number, 0] = time.process_time()
            data = read_media(item.root, item.path)
            hashlib.sha256(data).hexdigest()
            marks[at, number, 1] = time.process_time()
            picture = decode(data)
            marks[at, number, 2] = time.process_time()
            pdq(picture)
            marks[at, number, 3] = time.process_time()
            phash(picture)
            marks[at, number, 4] = time.process_time()
    each = 1000 * np.median(np.diff(marks).mean(axis=1), axis=0)
    shares = zip(STEPS, each, each / each.sum(), strict=True)
    measured = ", ".join(f"{step} {spent:.2f} ms ({share:.0%})" for step, spent, share in shares)
    return f"A picture of {name} takes us {each.sum():.2f} ms: {measured}."


def _agreement(name: str, items: Sequence[MediaItem]) -> str:
    """How far our PDQ is from the peer's where quality is high."""
    from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_file

    preparation = Preparation({"pdq": Pdq().preparer()})
    distances = []
    for item in items:
        digits, quality = pdq_from_file(_path(item))
        if quality >= MIN_QUALITY:
            ours, _ = _hashed(preparation, item)["pdq"]
            distances.append((int(ours.hex(), 16) ^ int(from_hex(digits).hex(), 16)).bit_count())
    if not distances:
        return f"No picture of {name} has quality {MIN_QUALITY} or more: nothing to compare."
    return (
        f"PDQ on {name}, {len(distances)} of {len(items)} pictures of quality ≥ {MIN_QUALITY}: "
        f"ours and threatexchange's differ by {statistics.median(distances):g} bits of 256 in the "
        f"median, {max(distances)} at most."
    )


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
