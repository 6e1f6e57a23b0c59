"""Photos with very many copies, and logos that stand in very many photos."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from making import jittered, made_features, make_case, put_features

from frametrace.embed.executor import InProcess
from frametrace.matcher import asking
from frametrace.matcher.results import Results
from frametrace.matcher.stage import match_case
from frametrace.matcher.verifying import verify

Match = Callable[..., Results]


@pytest.mark.parametrize(("photos", "listed"), [(16, 16), (17, 0)])
def test_what_is_a_part_of_very_many_photos_is_a_logo_and_stands_with_none(
    tmp_path: Path, matched: Match, photos: int, listed: int
) -> None:
    logo = made_features(1, 24)
    small = logo.copy()
    for side in ("x", "y"):
        small[side] //= 4
    small["scale"] -= 32
    media = {f"{at}.jpg": b"picture %d" % at for at in range(photos + 1)}
    posts = [{"media": [name]} for name in [*media, *list(media)[1:]]]  # the logo only once
    case = make_case(tmp_path, posts, media, signals=())
    features = {
        hashlib.sha256(data).hexdigest(): np.concatenate([made_features(99 + at), small])
        for at, data in enumerate(media.values())
    }
    features[hashlib.sha256(media["0.jpg"]).hexdigest()] = logo
    results = matched(put_features(case, features))
    assert results.matches.table()["relation"].to_pylist().count("contains") == photos
    assert results.members["relation"].to_pylist().count("part") == listed
    assert results.groups["posts"].to_pylist() == [2 + bool(listed)] * photos


def test_of_very_many_copies_all_are_tied_without_comparing_all_pairs(tmp_path: Path) -> None:
    count, photo = 150, made_features(1, 30)
    media = {f"{at}.jpg": b"frame %d" % at for at in range(count)}
    posts = [{"post_id": name, "media": [name]} for name in media]
    case = make_case(tmp_path, posts, media, signals=())
    digests = case.read("media", ["sha256"])["sha256"].to_pylist()
    case = put_features(case, {name: jittered(photo, at) for at, name in enumerate(digests)})
    few = patch.multiple(asking, MANY=20, BATCH=10, _FIRST=20)
    with few, patch.object(asking, "verify", wraps=verify) as verified:
        results, _ = match_case(case, executor=InProcess())
    assert results.groups["posts"].to_pylist() == [count]
    assert results.members["via_sha256"].null_count > count / 2
    assert verified.call_count < count * (count - 1) / 4
