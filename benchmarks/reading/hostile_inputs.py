"""Makes hostile sources by number: each is a sample export, mutated and perhaps packed."""

import os
import tarfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

import packing
from mutations import AWKWARD, mutated_bytes, mutated_json, mutated_table, mutated_text

__all__ = ["Input", "made", "samples"]

_FIXTURES = Path(__file__).parents[2] / "fixtures"
_TABLES = frozenset((".csv", ".tsv"))
_RECORDS = frozenset((".json", ".jsonl", ".ndjson", ".js"))
_PICTURES = frozenset((".jpg", ".png", ".gif", ".webp"))


@dataclass(frozen=True, slots=True)
class Input:
    """A source, a folder of pictures, and how it is to be read."""

    path: Path
    media: Path
    format: str | None = None
    encoding: str = ""
    pairs: tuple[str, ...] = ()
    as_map: bool = False
    what: list[str] = field(default_factory=list)


@cache
def samples() -> tuple[Path, ...]:
    """Every sample export, sorted."""
    found = sorted(
        path
        for path in _FIXTURES.rglob("*")
        if path.is_file() and path.suffix in {*_TABLES, *_RECORDS, ".html", ".txt", ".xz"}
        if not path.name.endswith(".expected.json")
    )
    return tuple(found)


def made(number: int, seed: int, folder: Path) -> Input:
    """The input of a number, written into an empty folder: always the same."""
    rng = Random(f"{seed}/{number}")
    every = samples()
    sample = every[number % len(every)]
    data = sample.read_bytes()
    what = [sample.relative_to(_FIXTURES).as_posix()]
    if sample.suffix == ".xz":
        import lzma

        data = lzma.decompress(data)[:200_000]
    kind = _kind(sample, rng)
    what.append(kind)
    data, name = _changed(data, sample, kind, rng)
    media = _media(sample, folder, rng)
    path = _placed(data, name, sample, folder, rng, what)
    reader = sample.relative_to(_FIXTURES).parts[0]
    return Input(
        path,
        media,
        format=reader
        if rng.random() < 0.4 and reader not in {"columns", "media-map", "tags"}
        else None,
        encoding=rng.choice(("utf-16", "cp1251", "gb18030", "ascii"))
        if rng.random() < 0.05
        else "",
        pairs=_pairs(rng) if rng.random() < 0.08 else (),
        as_map=rng.random() < 0.03,
        what=what,
    )


def _kind(sample: Path, rng: Random) -> str:
    kinds = ["bytes", "text", "text", "recoded"]
    if sample.suffix in _TABLES:
        kinds += ["table"] * 4 + ["workbook", "parquet"]
    elif sample.suffix in _RECORDS:
        kinds += ["json"] * 5
    return rng.choice(kinds)


def _changed(data: bytes, sample: Path, kind: str, rng: Random) -> tuple[bytes, str]:
    name = sample.name
    match kind:
        case "bytes":
            data = mutated_bytes(data, rng)
        case "text":
            data = mutated_text(data, rng)
        case "table":
            data = mutated_table(data, rng)
        case "json":
            data = mutated_json(data, rng)
        case "recoded":
            data = mutated_bytes(data, rng) if rng.random() < 0.5 else data
            data = packing.recoded(data, rng)
        case "workbook":
            return packing.as_workbook(data, rng), f"{sample.stem}.xlsx"
        case "parquet":
            return packing.as_parquet(data, rng), f"{sample.stem}.parquet"
    if rng.random() < 0.1:
        data = rng.choice((b"\0" * 5000, b"\n" * 5000, b"\xef\xbb\xbf", b" ", b"[" * 999)) + data
    return data, name


def _placed(
    data: bytes, name: str, sample: Path, folder: Path, rng: Random, what: list[str]
) -> Path:
    """Write it unpacked, in a folder with its related files, or in a container."""
    chance = rng.random()
    if chance < 0.45:
        if rng.random() < 0.1:
            name = rng.choice(
                ("x", "posts.csv", "posts.json", "a.xlsx", "b.parquet", "c.html", "d.zip")
            )
        path = folder / name
        path.write_bytes(data)
        return path
    files = [(name, data), *_siblings(sample)]
    if chance < 0.55:
        what.append("folder")
        return _folder_of(files, folder / "export", rng)
    how = rng.choice(packing.CONTAINERS)
    what.append(how)
    if how in {"zip", "tar", "tar.gz", "tar.zst"} and rng.random() < 0.5:
        whole = packing.zipped(files, rng) if how == "zip" else packing.tarred(files, rng)
        if how.startswith("tar."):
            whole, _ = packing.packed(whole, "posts.tar", how.rpartition(".")[2], rng)
        named = f"export.{how}"
    else:
        whole, named = packing.packed(data, name, how, rng)
    if rng.random() < 0.5:
        what.append("bytes of the container")
        whole = mutated_bytes(whole, rng)
    path = folder / named
    path.write_bytes(whole)
    return path


def _siblings(sample: Path) -> list[tuple[str, bytes]]:
    """Other files of a sample's format, which may name the account, and its pictures."""
    near = sorted(path for path in sample.parent.rglob("*") if path.is_file() and path != sample)
    near = [path for path in near if not path.name.endswith(".expected.json")][:6]
    return [(path.relative_to(sample.parent).as_posix(), path.read_bytes()) for path in near]


def _media(sample: Path, folder: Path, rng: Random) -> Path:
    """A folder or an archive of pictures that posts may refer to."""
    root = folder / "media"
    root.mkdir()
    text = sample.read_bytes()[:20_000].decode("utf-8", "replace")
    words = [
        word for word in text.replace('"', ",").replace("/", ",").split(",") if 5 < len(word) < 60
    ]
    for _ in range(6):
        stem = rng.choice(words or ["x"]).replace("\0", "").strip() or "x"
        name = stem if rng.random() < 0.3 else f"{stem}.jpg"
        try:
            (root / name.replace("\n", "")).write_bytes(b"\xff\xd8\xff" + stem.encode())
        except OSError:
            continue
    if rng.random() < 0.2:
        listed = mutated_json((_FIXTURES / "4cat/images/.metadata.json").read_bytes(), rng)
        (root / ".metadata.json").write_bytes(listed)
    if rng.random() < 0.2:
        with tarfile.open(root / "more.tar.gz", "w:gz") as archive:
            archive.add(root, "in", filter=lambda info: None if "more" in info.name else info)
    return root


def _pairs(rng: Random) -> tuple[str, ...]:
    names = ("id", "post_id", "text", "url", "author", "date", "body", "Date", "message", "link")
    fields = ("post_id", "account_id", "text", "posted_at", "media", "links", "engagement.likes")
    return tuple(
        f"{name}={rng.choice((*names, rng.choice(AWKWARD)[:50] or 'x'))}" for name in fields
    )


def _folder_of(files: list[tuple[str, bytes]], folder: Path, rng: Random) -> Path:
    """A folder with the files, pictures, links that loop and leave, pipes, and odd names."""
    folder.mkdir()
    for name, data in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    first = folder / files[0][0]
    for _ in range(rng.randrange(5)):
        name = rng.choice(("a.csv", "b.jsonl", "c.jpg", "d.zip", "e", "f.html", "g.tar.gz"))
        path = first.parent / name
        if path.exists() or path.is_symlink():
            continue
        match rng.randrange(7):
            case 0:
                path.symlink_to(rng.choice(("/", "..", name, "/etc/passwd", "/proc/self/environ")))
            case 1:
                os.mkfifo(path)
            case 2:
                path.write_bytes(mutated_bytes(files[0][1], rng))
            case 3:
                odd = rng.choice(
                    (b"\xff\xfe.csv", b"a\nb.csv", b"\x1b[0m.jpg", b"n" * 251 + b".csv")
                )
                Path(os.fsdecode(os.fsencode(first.parent) + b"/" + odd)).write_bytes(files[0][1])
            case 4:
                path.mkdir()
            case 5:
                path.write_text(rng.choice(AWKWARD), "utf-8", "replace")
            case _:
                path.symlink_to(first)
    return folder
