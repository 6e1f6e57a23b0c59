"""Measures peak memory and time of `frametrace add` and `embed` for 100,000 posts.

The posts have 20,000 pictures. The commands are those that users run. Memory is compared with a
limit of 1 GiB above the models, processor time with the minimum that the same work takes in a plain
loop (beside_plain_loops.py).
"""

import hashlib
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the plain loop is one thread, as a worker

import numpy as np
from beside_plain_loops import adding, reading
from generating import jpeg, picture
from measuring import (
    GIB,
    Finding,
    Ran,
    Stopped,
    command_line,
    conclude,
    options,
    run,
    say,
    shared_data,
)

from frametrace.embed.embed_settings import ModelChoice
from frametrace.embed.pictures import Preparation
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.pdq import Pdq
from frametrace.embed.signals.phash import Phash
from frametrace.posts.errors import ModelMissing
from frametrace.posts.model import MediaItem
from frametrace.work.cpus import cpu_count

LIMIT = GIB  # bytes, above the models
SAMPLE = 1000  # pictures, and captions, of the plain loops
WIDTH, HEIGHT, QUALITY = 480, 360, 84  # some 40 kB a file
WORDS = 12  # of a caption
CAMPAIGN = "io_archive/thailand_092020_tweets_csv_hashed.zip"

# Loads the caption model, embeds one text, then times plain batches for the comparison.
_MODEL_ALONE = """
import sys
import time
from frametrace.embed.embed_settings import ModelChoice
from frametrace.embed.signals.caption import Caption
model = Caption.open(ModelChoice())
texts = sys.stdin.read().splitlines()
model.compute(texts[:1])
start = time.process_time()
if texts[1:]:
    model.compute(texts[1:])
print(time.process_time() - start)
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is added: posts, different pictures, different captions."""

    posts: int
    pictures: int
    captions: int


FULL, QUICK = Size(100_000, 20_000, 20_000), Size(2_000, 400, 400)
UNPICTURED, UNPICTURED_QUICK = 300_000, 3_000  # posts without pictures


def main() -> None:
    chosen = options(__doc__ or "")
    size = QUICK if chosen.quick else FULL
    with tempfile.TemporaryDirectory(prefix="bench-adding-") as name:
        folder = Path(name)
        _make_pictures(folder, size.pictures, chosen.seed)
        source, texts = _make_posts(folder, size, chosen.seed)
        case = folder / "case"
        unpictured = UNPICTURED_QUICK if chosen.quick else UNPICTURED
        findings = [
            *_adding(case, source, size),
            *adding(folder, unpictured, chosen.seed),
            *_hashing(case, folder, size),
        ]
        remarks = [
            f"{size.posts:,} posts in JSONL carry {size.pictures:,} pictures of "
            f"{_mean_size(folder) / 1000:.0f} kB and {size.captions:,} captions; "
            f"`embed` ran {cpu_count()} workers.",
            "Memory of all processes together counts what they share once in each: an upper bound.",
        ]
        if (model := _model()) is None:
            remarks.append("Left out: captions, for no caption model is on this machine.")
        else:
            findings += _captioning(case, size, texts)
            remarks.append(f"Captions by {model}.")
    if (data := shared_data()) is None:
        remarks.append("Left out: a campaign's CSV, for the real data is not on this machine.")
    else:
        findings.append(reading(data / CAMPAIGN))
    packages = ("frametrace", "pyarrow", "duckdb", "pillow", "numpy")
    conclude("adding", findings, remarks, packages, chosen)


def _path(number: int) -> str:
    return f"pictures/{number // 1000:03}/{number:06}.jpg"


def _make_pictures(folder: Path, count: int, seed: int) -> None:
    start = time.monotonic()
    make = partial(_make_picture, folder, seed)
    with ProcessPoolExecutor(cpu_count(), mp_context=get_context("spawn")) as pool:
        for done, _ in enumerate(pool.map(make, range(count), chunksize=50), 1):
            if done % 2000 == 0:
                say(f"made {done:,} of {count:,} pictures in {time.monotonic() - start:.0f} s")


def _make_picture(folder: Path, seed: int, number: int) -> None:
    path = folder / _path(number)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg(picture(seed + number, WIDTH, HEIGHT), QUALITY))


def _mean_size(folder: Path) -> float:
    return float(np.mean([path.stat().st_size for path in (folder / "pictures").rglob("*.jpg")]))


def _make_posts(folder: Path, size: Size, seed: int) -> tuple[Path, list[str]]:
    """Posts on two platforms; a few pictures and captions are carried by many of them."""
    rng = np.random.default_rng(seed)
    texts = [_caption(rng) for _ in range(size.captions)]
    carried = _popular(rng, size.posts, size.pictures)
    written = _popular(rng, size.posts, size.captions)
    source = folder / "posts.jsonl"
    with source.open("w", encoding="utf-8") as file:
        for number in range(size.posts):
            account = int(rng.integers(size.posts // 50))
            day, second = divmod(int(rng.integers(60 * 86_400)), 86_400)
            post = {
                "platform": "x" if account % 2 else "facebook",
                "post_id": f"{10**15 + number}",
                "account_id": f"account-{account}",
                "posted_at": f"2019-{7 + day // 31:02}-{1 + day % 31:02}T"
                f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z",
                "text": texts[written[number]],
                "media": [_path(carried[number])],
                "hashtags": ["harbour", f"day{day}"],
                "engagement": {"likes": int(rng.integers(1000))},
            }
            file.write(json.dumps(post, ensure_ascii=False) + "\n")
    return source, texts


def _popular(rng: np.random.Generator, posts: int, items: int) -> list[int]:
    """The item of each post: every item once; the remaining posts share a few of them."""
    others = (items * rng.random(posts - items) ** 3).astype(int)
    chosen: list[int] = rng.permutation(np.concatenate([np.arange(items), others])).tolist()
    return chosen


def _caption(rng: np.random.Generator) -> str:
    letters = "abcdefghijklmnoprstuvwy"
    words = ("".join(rng.choice(list(letters), rng.integers(2, 9))) for _ in range(WORDS))
    return " ".join(words)


def _adding(case: Path, source: Path, size: Size) -> list[Finding]:
    say("frametrace add")
    ran = run(command_line("add", case, source, "--json"))
    added = _printed(ran)
    if (added["posts"], added["media"], added["skipped"]) != (size.posts, size.pictures, 0):
        raise Stopped(f"`add` did not add what was made: {added}")
    start = time.process_time()
    named = set()
    with source.open(encoding="utf-8") as file:
        for line in file:
            named.update(json.loads(line)["media"])
    for path in sorted(named):
        hashlib.sha256((source.parent / path).read_bytes()).hexdigest()
    plain = time.process_time() - start
    return [
        _memory("add: memory", ran.tree, 0),
        _time("add", ran, "reading every line and picture once, with SHA-256", plain),
    ]


def _hashing(case: Path, folder: Path, size: Size) -> list[Finding]:
    say("frametrace embed --signal pdq --signal phash")
    ran = run(command_line("embed", case, "--signal", "pdq", "--signal", "phash", "--json"))
    embedded = _printed(ran)
    if (embedded["pictures"], embedded["skipped"]) != (size.pictures, 0):
        raise Stopped(f"`embed` did not hash what was added: {embedded}")
    plain = _hash_plainly(folder) * size.pictures
    return [
        _memory("embed, pdq and phash: memory of all processes", ran.tree, 0),
        _memory("embed, pdq and phash: memory of the first process", ran.process, 0),
        _time("embed, pdq and phash", ran, "the same in a plain loop of one process", plain),
    ]


def _hash_plainly(folder: Path) -> float:
    """Seconds of processor time that a picture takes in this process."""
    prepare = Preparation({"pdq": Pdq().preparer(), "phash": Phash().preparer()})
    items = []
    for path in islice(sorted((folder / "pictures").rglob("*.jpg")), SAMPLE):
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        items.append(MediaItem(digest, str(path.parent), path.name, len(data)))
    prepare(items[0])
    start = time.process_time()
    for item in items:
        prepare(item)
    return (time.process_time() - start) / len(items)


def _model() -> str | None:
    try:
        return Caption.locate(ModelChoice())
    except ModelMissing:
        return None


def _captioning(case: Path, size: Size, texts: list[str]) -> list[Finding]:
    say("the caption model alone")
    command = [sys.executable, "-c", _MODEL_ALONE]
    alone = run(command, given=texts[0])
    each = float(run(command, given="\n".join(texts[:SAMPLE])).printed.split()[-1])
    plain = each * size.captions / len(texts[1:SAMPLE])
    say("frametrace embed --signal caption")
    ran = run(command_line("embed", case, "--signal", "caption", "--json"))
    embedded = _printed(ran)
    if embedded["captions"] != size.captions:
        raise Stopped(f"`embed` did not take the captions that were added: {embedded}")
    return [
        _memory("embed, caption: memory above the model's", ran.tree, alone.tree),
        _time("embed, caption", ran, "the model alone, once it is loaded", plain),
    ]


def _memory(what: str, peak: int, model: int) -> Finding:
    above = f"{peak / GIB:.2f} GiB" + (f" - {model / GIB:.2f} GiB" if model else "")
    limit = f"limit above the models: {LIMIT / GIB:g} GiB"
    return Finding(what, above, limit, (peak - model) / LIMIT, at_most=1.0)


def _time(what: str, ran: Ran, beside: str, plain: float) -> Finding:
    """Processor time, with the wall time, beside that of the minimum work."""
    ours = f"{ran.cpu:.1f} s of processor time in {ran.seconds:.1f} s"
    return Finding(f"{what}: time", ours, f"{beside}: {plain:.1f} s", ran.cpu / plain)


def _printed(ran: Ran) -> dict[str, int]:
    found: dict[str, int] = json.loads(ran.printed)
    return found


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
