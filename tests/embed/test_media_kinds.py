"""Kinds of media: each item is decoded by the first kind that recognizes its bytes."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from making import jpeg, photo

from frametrace.embed import media_kinds
from frametrace.embed.decoding.decode import Picture, decode
from frametrace.embed.media_kinds import MediaKind
from frametrace.embed.pictures import Preparation, Prepared, Refused, _finish
from frametrace.embed.signals.pdq import Pdq
from frametrace.posts.model import MediaItem

SLIDES = [photo(1), photo(2)]


class Slides(MediaKind):
    """A made-up kind: two frames, whatever the bytes after its name."""

    name = "slide show"
    max_bytes = 20

    def recognizes(self, data: bytes) -> bool:
        return data.startswith(b"slides")

    def frames(self, data: bytes) -> Iterator[Picture]:
        for slide in SLIDES:
            yield decode(jpeg(slide))


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_kinds, "KINDS", [Slides(), *media_kinds.KINDS])


def prepared(folder: Path, name: str, data: bytes) -> tuple[MediaItem, Prepared | Refused]:
    (folder / name).write_bytes(data)
    item = MediaItem(hashlib.sha256(data).hexdigest(), str(folder), name, len(data))
    return item, Preparation({"pdq": Pdq().preparer()})(item)


def test_an_item_has_a_row_for_each_frame_in_order(tmp_path: Path) -> None:
    slides = prepared(tmp_path, "show.bin", b"slides 1")
    picture = prepared(tmp_path, "one.jpg", jpeg(photo(3)))
    table = _finish([Pdq()], [slides, picture])["pdq"]
    digests = [slides[0].sha256, slides[0].sha256, picture[0].sha256]
    assert table["sha256"].to_pylist() == digests
    alone = [Pdq().values_of(decode(jpeg(image))) for image in (*SLIDES, photo(3))]
    assert table["code"].to_pylist() == [values["code"][0].as_py() for values in alone]


def test_each_kind_has_its_own_limit(tmp_path: Path) -> None:
    _, refused = prepared(tmp_path, "show.bin", b"slides" + bytes(15))
    assert refused == Refused("over the limit of 20 bytes for a slide show", for_good=True)
