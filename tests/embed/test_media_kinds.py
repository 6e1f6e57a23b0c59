"""Kinds of media: each item is decoded by the first kind that recognizes its bytes."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from making import jpeg, photo

from frametrace.embed import media_kinds
from frametrace.embed.decoding.decode import Picture, decode
from frametrace.embed.media_kinds import MediaKind
from frametrace.embed.pictures import Preparation, Refused, _finish
from frametrace.embed.signals.pdq import Pdq
from frametrace.embed.value_tables import Prepared
from frametrace.embed.video.timeline import Frames, Timeline, frame_digest
from frametrace.posts.model import MediaItem

SLIDES = [photo(1), photo(2)]


class TwoFrames(Frames):
    """Both slides, the first one shown twice."""

    def __iter__(self) -> Iterator[Picture]:
        for slide in SLIDES:
            yield decode(jpeg(slide))
        shown = np.array([0, 1, 0], np.int32)
        starts = np.array([0, 1000, 2500])
        self.timeline = Timeline(
            *(4000, 640, 480, shown, starts, np.array([1000, 2500, 4000])),
            np.zeros((2, 32), np.uint8),
            *(np.array([0], np.int32), np.zeros((1, 32), np.uint8), np.array([90], np.uint8)),
        )


class Slides(MediaKind):
    """A made-up kind: two frames, whatever the bytes after its name."""

    name = "slide show"
    max_bytes = 20

    def recognizes(self, data: bytes) -> bool:
        return data.startswith(b"slides")

    def frames(self, data: bytes) -> Frames:
        return TwoFrames()


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_kinds, "KINDS", [Slides(), *media_kinds.KINDS])


def prepared(folder: Path, name: str, data: bytes) -> tuple[MediaItem, Prepared | Refused]:
    (folder / name).write_bytes(data)
    item = MediaItem(hashlib.sha256(data).hexdigest(), str(folder), name, len(data))
    return item, Preparation({"pdq": Pdq().preparer()})(item)


def test_frames_have_rows_of_their_own_and_a_timeline(tmp_path: Path) -> None:
    slides = prepared(tmp_path, "show.bin", b"slides 1")
    picture = prepared(tmp_path, "one.jpg", jpeg(photo(3)))
    tables = _finish([Pdq()], [slides, picture])
    keys = [frame_digest(slides[0].sha256, number) for number in range(2)]
    assert tables["frames/pdq"]["sha256"].to_pylist() == keys
    assert tables["signals/pdq"]["sha256"].to_pylist() == [picture[0].sha256]
    alone = [Pdq().values_of(decode(jpeg(image)))["code"][0] for image in (*SLIDES, photo(3))]
    codes = [tables[name]["code"] for name in ("frames/pdq", "signals/pdq")]
    assert [*codes[0], *codes[1]] == alone
    assert tables["videos"].to_pylist() == [
        {
            "sha256": slides[0].sha256,
            "duration_ms": 4000,
            "width": 640,
            "height": 480,
            "sample_ms": [0],
            "hashes": bytes(32),
            "qualities": bytes([90]),
        }
    ]
    shown = tables["intervals"].select(["sha256", "number", "start_ms", "end_ms"]).to_pylist()
    assert [list(row.values()) for row in shown] == [
        [keys[0], 0, 0, 1000],
        [keys[1], 1, 1000, 2500],
        [keys[0], 0, 2500, 4000],
    ]


def test_each_kind_has_its_own_limit(tmp_path: Path) -> None:
    _, refused = prepared(tmp_path, "show.bin", b"slides" + bytes(15))
    assert refused == Refused("over the limit of 20 bytes for a slide show", for_good=True)
