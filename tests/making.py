"""Pictures, posts and cases that tests make for themselves."""

import hashlib
import io
import json
import struct
import warnings
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

__all__ = [
    "jpeg",
    "photo",
    "write_jsonl",
    "write_sources",
]


def photo(seed: int, width: int = 640, height: int = 480) -> Image.Image:
    """A picture with structure at every scale, so that its PDQ quality is 100; one per seed."""
    return _photo(seed, width, height).copy()


@lru_cache(maxsize=64)  # it takes 50 ms to make one, and tests ask for the same ones
def _photo(seed: int, width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    layers = [
        Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)).resize(
            (width, height), Image.Resampling.BICUBIC
        )
        for side in (4, 8, 16, 32)
    ]
    mixed = sum(np.asarray(layer, np.float32) / len(layers) for layer in layers)
    stretched = np.clip((np.asarray(mixed) - 128) * 2 + 128, 0, 255).astype(np.uint8)
    return Image.fromarray(stretched).filter(ImageFilter.GaussianBlur(1))


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    """The picture as JPEG bytes."""
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=quality)
    return sink.getvalue()


def lettered(image: Image.Image, text: str, size: int = 40, font: Any = None) -> Image.Image:
    """A picture with white lettering in a black bar across it, in Pillow's own font or another."""
    image = image.copy()
    draw = ImageDraw.Draw(image)
    top = image.height // 8
    draw.rectangle((0, top - size // 4, image.width, top + size * 3 // 2), "black")
    draw.text((size // 2, top), text, "white", font or ImageFont.load_default(size))
    return image


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write records one a line; returns the path."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    """The picture as bytes of any format that Pillow writes."""
    sink = io.BytesIO()
    image.save(sink, format, **options)
    return sink.getvalue()


def png(
    size: tuple[int, int],
    lines: Iterable[bytes] | None = None,
    *,
    depth: int = 1,
    colour: int = 0,
    more: bytes = b"",
) -> bytes:
    """A PNG of any declared size, bit depth and colour type; all zeros (1-bit: black) by default.

    `more` are chunks to put before the pixels.
    """
    packer = zlib.compressobj(9)
    lines = repeat(bytes((size[0] * depth + 7) // 8), size[1]) if lines is None else lines
    packed = b"".join(packer.compress(b"\0" + line) for line in lines) + packer.flush()
    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header), more, png_chunk(b"IDAT", packed), png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG with its checksum."""
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def oriented(value: int) -> Image.Exif:
    """EXIF data that say how a picture is to be turned."""
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def make_case(
    folder: Path,
    posts: Iterable[Mapping[str, Any]],
    pictures: Mapping[str, bytes] | None = None,
    signals: tuple[str, ...] = ("pdq", "caption_key"),
) -> Any:
    """A `Case` made by the real stages in this process; calling it again adds to the same case.

    A post needs no more than what the test is about: the rest is filled in.
    """
    from frametrace.case.ingest import add_sources
    from frametrace.case.store import Case
    from frametrace.embed.embed_settings import EmbedSettings
    from frametrace.embed.stage import embed
    from frametrace.posts.media.media_library import MediaLibrary
    from frametrace.work.executor import InProcess

    folder.mkdir(parents=True, exist_ok=True)
    for name, data in (pictures or {}).items():
        (folder / name).write_bytes(data)
    rows = [
        {"platform": "twitter", "post_id": f"p{at}", "account_id": f"a{at}", **post}
        for at, post in enumerate(posts)
    ]
    case = Case.create(folder / "case")
    add_sources(case, [write_jsonl(folder / "posts.jsonl", rows)], library=MediaLibrary([]))
    if signals:
        embed(case, EmbedSettings(signals=signals), executor=InProcess())
    return Case(case.path)


def results_without_digests(folder: Path) -> dict[str, Any]:
    """Have the run of a results folder as versions before 0.9 wrote it; returns its content."""
    content: dict[str, Any] = json.loads((folder / "match.json").read_text("utf-8"))
    for name in ("files", "checksum"):
        content.pop(name, None)
    (folder / "match.json").write_text(json.dumps(content), "utf-8")
    return content


def put_codes(
    case: Any, signal: str, codes: Mapping[str, Any], fingerprint: str = "made-for-a-test:1"
) -> Any:
    """Give items of a case, named by their SHA-256, codes that a test chose: rows of arrays.

    None is an item without a value. Uint8 arrays become bytes of one length, others vectors.
    Returns the case as of the epoch that holds them.
    """
    import pyarrow as pa

    from frametrace.case.schemas import signal_table
    from frametrace.case.store import Case

    known = [code for code in codes.values() if code is not None]
    width = len(known[0]) if known else 8
    if known and isinstance(known[0], bytes):
        column = pa.array(list(codes.values()), pa.binary())
    elif known and known[0].dtype == np.uint8:
        values = [None if code is None else code.tobytes() for code in codes.values()]
        column = pa.array(values, pa.binary(width))
    else:
        number = pa.from_numpy_dtype(known[0].dtype) if known else pa.float32()
        values = [None if code is None else code.tolist() for code in codes.values()]
        column = pa.array(values, pa.list_(number, width))
    table = pa.table({"sha256": pa.array(list(codes), pa.string()), "code": column})
    if signal == "pdq":
        table = table.append_column("quality", pa.array([100] * len(codes), pa.uint8()))
    with case.writer() as writer:
        writer.describe(signal, {"fingerprint": fingerprint})
        writer.put(f"{signal}-{zlib.crc32(''.join(codes).encode())}", {signal_table(signal): table})
        writer.commit()
    return Case(case.path)


def tiny_clip(folder: Path, seed: int = 1, side: int = 32, width: int = 32) -> Path:
    """A directory with a CLIP model of random weights, as open_clip saves one; needs torch."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    vision = {"image_size": side, "layers": 1, "width": width}
    vision |= {"head_width": 16, "patch_size": 16}
    text = {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
    shape = {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text}
    config = {"model_cfg": shape, "preprocess_cfg": {}}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "open_clip_config.json").write_text(json.dumps(config), "utf-8")
    torch.manual_seed(seed)
    save_file(open_clip.CLIP(**shape).state_dict(), folder / "open_clip_model.safetensors")
    return folder


def copy_weights(seed: int = 1) -> tuple[Any, Any]:
    """Weights (192, 32) and a bias (32,) in float32 of a copy model that sees 8 x 8 cells.

    How bright and colourful a picture is as a whole changes nothing. The bias is small: it gives
    pictures of one colour a vector.
    """
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((3, 64, 32))
    weights -= weights.mean(axis=1, keepdims=True)
    bias = 0.05 * rng.standard_normal(32)
    return weights.reshape(192, 32).astype(np.float32), bias.astype(np.float32)


def copy_model_onnx(path: Path, seed: int = 1, side: int = 0, rows: int = 0) -> Path:
    """An ONNX copy model for pictures of a side, or of any; for `rows` at once, or any number."""
    from onnx_files import copy_onnx

    shape = (rows or "rows", 3, side or "height", side or "width")
    path.write_bytes(copy_onnx(*copy_weights(seed), shape, (side or 320) // 8))
    return path


def copy_model_torchscript(path: Path, seed: int = 1) -> Path:
    """The same copy model as a TorchScript file; needs torch."""
    import torch

    weights, bias = (torch.from_numpy(part) for part in copy_weights(seed))
    linear = torch.nn.Linear(192, 32)
    linear.load_state_dict({"weight": weights.T.contiguous(), "bias": bias})
    network = torch.nn.Sequential(torch.nn.AvgPool2d(40), torch.nn.Flatten(), linear)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated
        torch.jit.save(torch.jit.script(network.eval()), path)
    return path


def made_codes(signal: str, count: int, seed: int = 0) -> dict[str, Any]:
    """Codes for `put_codes`; the second is equal to the first, the third item has no value."""
    rng = np.random.default_rng(seed)
    widths = {"pdq": 32, "phash": 8, "caption_key": 64}
    kinds = {"pdq": np.uint8, "phash": np.uint8, "caption_key": np.uint32}
    shape = (count, widths.get(signal, 16))
    codes = rng.integers(0, 256, shape).astype(kinds.get(signal, np.float32))
    if codes.dtype == np.float32:
        codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    codes[1] = codes[0]
    names = [hashlib.sha256(f"{seed} {at}".encode()).hexdigest() for at in range(count)]
    return {item: None if at == 2 else codes[at] for at, item in enumerate(names)}


def index_folder(case: Any, signal: str) -> Path:
    """The one index of a signal that lies on disk."""
    (folder,) = (path for path in (case.path / "index" / signal).iterdir() if path.is_dir())
    return Path(folder)


def made_shares(shares: Iterable[tuple[str, str, int | None]], precision: str = "second") -> Any:
    """`Shares` of accounts, items and seconds; an account's first letter is its platform."""
    import pyarrow as pa

    from frametrace.matcher.network import RAW_SHARES, Shares
    from frametrace.posts.model import Precision

    rows = [
        {
            "platform": account[0],
            "account_id": account,
            "item": item,
            "moment": None if at is None else 1000 * at,
        }
        for account, item, at in shares
    ]
    return Shares.of(pa.Table.from_pylist(rows, RAW_SHARES), [Precision(precision)])


FEATURE = np.dtype(
    [("x", "<u2"), ("y", "<u2"), ("scale", "u1"), ("angle", "u1"), ("bits", "u1", (16,))]
)


def made_features(seed: int, count: int = 40) -> Any:
    """Local features of a picture of 400 x 300 pixels that there is none of, as they are packed."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, FEATURE)
    rows["x"], rows["y"] = rng.integers(0, 64 * 400, count), rng.integers(0, 64 * 300, count)
    rows["scale"], rows["angle"] = rng.integers(32, 80, count), rng.integers(0, 256, count)
    rows["bits"] = rng.integers(0, 256, (count, 16))
    return rows


def jittered(rows: Any, seed: int) -> Any:
    """The features of a copy: every tenth is gone, the others are a little off."""
    rng = np.random.default_rng(seed)
    rows = rows[rng.random(len(rows)) < 0.9].copy()
    for side in ("x", "y"):
        rows[side] = np.clip(rows[side] + rng.integers(-32, 33, len(rows)), 0, 2**16 - 1)
    flipped = np.packbits(rng.random((len(rows), 128)) < 0.02, axis=1)
    rows["bits"] ^= flipped
    return rows


def put_features(case: Any, features: Mapping[str, Any], fingerprint: str = "made:1") -> Any:
    """Give pictures of a case, named by their SHA-256, local features such as `made_features`.

    Returns the case as of the epoch that holds them.
    """
    import pyarrow as pa

    from frametrace.case.store import Case

    head = np.array([400, 300], "<u2").tobytes()
    codes = [head + rows.tobytes() for rows in features.values()]
    columns = {"sha256": pa.array(list(features), pa.string()), "code": pa.array(codes)}
    with case.writer() as writer:
        writer.describe("local", {"fingerprint": fingerprint})
        writer.put(
            f"local-{zlib.crc32(''.join(features).encode())}", {"signals/local": pa.table(columns)}
        )
        writer.commit()
    return Case(case.path)


def cropped(image: Image.Image, part: float) -> Image.Image:
    """The middle of a picture, of that part of its area."""
    width, height = (round(side * part**0.5) for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def stamped(image: Image.Image) -> Image.Image:
    """A picture with a logo in its corner, always the same one."""
    image = image.copy()
    image.paste(photo(99, 160, 120), (10, 10))
    return image


def screenshot(image: Image.Image) -> Image.Image:
    """On a telephone, with the very same lettering around every picture."""
    screen = Image.new("RGB", (540, 1100), "white")
    screen.paste(image.resize((540, 405)), (0, 200))
    draw = ImageDraw.Draw(screen)
    for y in (40, 100, 660, 720, 800):
        draw.text((20, y), "A caption of some post, and who wrote it", "black", font_size=24)
    return screen


def write_sources(folder: Path) -> Path:
    """60 posts with 24 pictures, two of them broken, one absent; some captions repeat."""
    for at in range(24):
        (folder / f"{at}.jpg").write_bytes(jpeg(photo(at, 120, 90)))
    (folder / "3.jpg").write_bytes(b"")
    (folder / "5.jpg").write_bytes((folder / "5.jpg").read_bytes()[:900])
    rows = [
        {
            "platform": ("twitter", "facebook")[at % 2],
            "post_id": str(at),
            "account_id": f"account{at % 7}",
            "posted_at": "2019-08-19T14:03:00Z",
            "text": f"the very same long words about subject {at % 20}" if at % 10 else "",
            "media": [f"{at % 24}.jpg", "absent.jpg"][: 1 + (at == 50)],
        }
        for at in range(60)
    ]
    return write_jsonl(folder / "posts.jsonl", rows)
