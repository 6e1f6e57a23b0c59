"""Memes: the text in the picture is the message, the picture under it a template."""

from collections.abc import Callable
from pathlib import Path

import pytest
from making import jpeg, make_case, photo
from PIL import Image, ImageDraw, ImageFont

from frametrace.matcher.saved_results import Results

Match = Callable[..., Results]
Found = list[list[str]]

_PAID = "WHO PAYS FOR THE BURNED DOWN STATION?"
_CAKE = "GRANDMA'S APPLE CAKE BEATS EVERY BAKERY"
_SIGNALS = ("pdq", "local", "overlay", "caption_key")


@pytest.fixture(autouse=True)
def reader() -> None:
    pytest.importorskip("rapidocr")


def meme(template: int, message: str) -> Image.Image:
    """A photo with a message in large letters on a bar at its lower edge."""
    image = photo(template)
    draw = ImageDraw.Draw(image)
    width, height = image.size
    draw.rectangle((0, height - 60, width, height), fill="white")
    draw.text((12, height - 46), message, fill="black", font=ImageFont.load_default(24))
    return image


def found(folder: Path, matched: Match, pictures: dict[str, Image.Image]) -> tuple[Found, Found]:
    """The photo groups and the framing groups of posts that carry nothing but one picture each."""
    files = {
        f"{name}.jpg": jpeg(image, 80 + at) for at, (name, image) in enumerate(pictures.items())
    }
    posts = [{"post_id": name, "media": [f"{name}.jpg"]} for name in pictures]
    results = matched(make_case(folder, posts, files, signals=_SIGNALS))
    groups: dict[str, list[str]] = {}
    for row in results.members.to_pylist():
        groups.setdefault(row["group_id"], []).append(row["post_id"])
    return tuple(
        sorted(sorted(posts) for name, posts in groups.items() if name.startswith(kind))
        for kind in ("photo", "framing")
    )


def test_one_template_with_two_messages_is_one_photo_and_two_framings(
    tmp_path: Path, matched: Match
) -> None:
    pictures = {
        f"{name}{at}": meme(1, message)
        for name, message in (("paid", _PAID), ("cake", _CAKE))
        for at in range(3)
    }
    photos, framings = found(tmp_path, matched, pictures)
    assert photos == [sorted(pictures)]
    assert framings == [["cake0", "cake1", "cake2"], ["paid0", "paid1", "paid2"]]


def test_one_message_on_two_photos_is_two_photos_and_one_framing(
    tmp_path: Path, matched: Match
) -> None:
    pictures = {f"{name}{at}": meme(ord(name), _PAID) for name in "ab" for at in range(2)}
    photos, framings = found(tmp_path, matched, pictures)
    assert photos == [["a0", "a1"], ["b0", "b1"]]
    assert framings == [sorted(pictures)]


def test_a_caption_that_repeats_the_text_in_another_picture_is_in_its_framing(
    tmp_path: Path, matched: Match
) -> None:
    files = {"meme.jpg": jpeg(meme(1, _PAID))}
    posts = [
        {"post_id": "meme", "media": ["meme.jpg"]},
        {"post_id": "said", "text": f"{_PAID.capitalize()} https://short.example/1"},
        {"post_id": "else", "text": "Tickets for the concert on Saturday are sold out again"},
    ]
    results = matched(make_case(tmp_path, posts, files, signals=_SIGNALS))
    assert sorted(row["post_id"] for row in results.members.to_pylist()) == ["meme", "said"]


def test_photos_without_text_and_captions_are_left_to_the_photo_groups(
    tmp_path: Path, matched: Match
) -> None:
    photos, framings = found(tmp_path, matched, {f"p{at}": photo(3) for at in range(3)})
    assert (photos, framings) == ([["p0", "p1", "p2"]], [])
