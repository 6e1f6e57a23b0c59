"""What a query by local features says in words."""

import json
import re

import pytest
from fresh import HEAVY, imported
from making import jpeg, make_case, photo
from PIL import Image, ImageOps

from frametrace.app.output.edit_words import what_happened

EVIDENCE = {"signal": "local", "inliers": 40, "mirrored": False, "rotation": 0.4, "scale": 1.0}
BOX = {"x0": 0.1, "y0": 0.2, "x1": 0.3, "y1": 0.4}
ALTERED = {"altered": [BOX, BOX], "altered_part": 0.031}
HASH = {"signal": "pdq", "relation": "copy", "inliers": None, "part_a": None, "part_b": None}


@pytest.mark.parametrize(
    ("match", "words"),
    [
        ({"relation": "copy", "part_a": 0.98, "part_b": 0.97}, "all of it"),
        (
            {"relation": "copy", "part_a": 0.7, "part_b": 0.97, "rotation": -90},
            "rotated by 90° to the left, 70% of it",
        ),
        (
            {"relation": "contains", "part_a": 0.8, "part_b": 0.24, "mirrored": True},
            "mirrored, 80% of it, inside a larger picture",
        ),
        ({"relation": "contains", "part_a": 0.3, "part_b": 0.95}, "30% of it, cut out"),
        ({"relation": "part", "part_a": 0.3, "part_b": 0.95}, "30% of it, cut out"),
        (
            {"relation": "shares_element", "part_a": 0.08, "part_b": 0.1},
            "8% of it agrees, perhaps a logo, a sign or text in the picture",
        ),
        (
            {"relation": "shares_element", "part_a": 0.25, "part_b": 0.6},
            "25% of it agrees, perhaps an app's bars, a frame or overlapping parts of one photo",
        ),
        (
            {"relation": "same_scene", "part_a": 0.9, "part_b": 0.9, "mirrored": True},
            "mirrored, another shot of the same scene",
        ),
        (
            {"relation": "contains", "part_a": 0.8, "part_b": 0.24, **ALTERED},
            "80% of it, inside a larger picture; 2 parts altered, 3% of what both show",
        ),
        (
            {**HASH, "rotation": 0, "part_a": 1.0, "part_b": 1.0, **ALTERED, "altered_part": 0.006},
            "all of it; 2 parts altered, less than 1% of what both show",
        ),
        (
            {"relation": "shares_element", "part_a": 0.08, "part_b": 0.1, **ALTERED},
            "8% of it agrees, perhaps a logo, a sign or text in the picture",
        ),
        ({**HASH, "rotation": 0}, "all of it"),
        ({**HASH, "rotation": 90}, "rotated by 90° to the right, all of it"),
        ({**HASH, "rotation": 180, "mirrored": True}, "mirrored, rotated by 180°, all of it"),
        ({**HASH, "signal": "phash", "mirrored": None, "rotation": None}, "all of it"),
        ({**HASH, "signal": "clip", "relation": "similar"}, "looks alike"),
        ({**HASH, "signal": "sha256"}, "the same file"),
    ],
)
def test_what_happened_is_said_in_words(match, words):
    assert what_happened({**EVIDENCE, **match}) == words


def test_the_command_says_what_happened_and_gives_the_evidence_as_json(tmp_path, command):
    asked = photo(1)
    pictures = {"1.jpg": jpeg(ImageOps.mirror(asked)), "2.jpg": jpeg(photo(2))}
    collage = Image.new("RGB", (1280, 480))
    collage.paste(photo(3), (0, 0))
    collage.paste(asked, (640, 0))
    pictures["3.jpg"] = jpeg(collage)
    posts = [{"media": [name]} for name in pictures]
    case = make_case(tmp_path, posts, pictures, signals=("local", "pdq"))
    (tmp_path / "asked.jpg").write_bytes(jpeg(asked, 60))
    arguments = ("query", case.path, tmp_path / "asked.jpg")
    done = command(*arguments)
    assert done.returncode == 0
    assert re.fullmatch(r"(indexing .*\n)?", done.stderr)  # the first time
    header, mirrored, collage = done.stdout.splitlines()
    assert header.split()[:3] == ["relation", "edits", "evidence"]
    assert re.search(r"mirrored, all of it +pdq: \d+ bits differ", mirrored)
    assert re.search(r"all of it, inside a larger picture +local: \d+ features agree", collage)
    modules = imported(*arguments)
    assert {"cv2", "frametrace.matcher.query.by_local_features"} <= modules
    assert not modules & {*HEAVY, "networkx", "jinja2"}
    by_hash = imported(*arguments, "--signal", "pdq")
    assert not by_hash & {"cv2", "frametrace.matcher.videos.frame_verdicts"}
    for more, signals in (((), ["pdq", "local"]), (("--signal", "local"), ["local", "local"])):
        rows = json.loads(command(*arguments, *more, "--json").stdout)["rows"]
        assert [
            (row["signal"], row["relation"], row["mirrored"], row["happened"]) for row in rows
        ] == [
            (signals[0], "copy", True, "mirrored, all of it"),
            (signals[1], "contains", False, "all of it, inside a larger picture"),
        ]
