"""Photo groups: copies of one photo, and nothing else."""

import hashlib
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from making import encoded, jpeg, make_case, photo, put_codes
from PIL import Image

from frametrace.embed.signals.base import bits_distance
from frametrace.embed.signals.pdq import compute_pdq
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.photos.dense_hashes import MAX_NEAR
from frametrace.matcher.photos.grouping import group_photos, near_photos
from frametrace.matcher.pictures.verified_pair_table import PAIRS
from frametrace.matcher.saved_results import Results

Match = Callable[..., Results]


def cropped(image: Image.Image, pixels: int) -> Image.Image:
    return image.crop((pixels, pixels, image.width - pixels, image.height - pixels))


def hash_of(image: Image.Image) -> np.ndarray:
    code, quality = compute_pdq(np.asarray(image.convert("L")))
    assert quality == 100
    return np.frombuffer(code, np.uint8)[None]


def distance(a: Image.Image, b: Image.Image) -> int:
    return int(bits_distance(hash_of(a), hash_of(b))[0, 0])


def posts_of(pictures: dict[str, bytes]) -> list[dict[str, Any]]:
    """One post for each picture, named like it."""
    return [{"post_id": name.partition(".")[0], "media": [name]} for name in pictures]


def groups_of(results: Results, kind: str = "photo") -> list[set[str]]:
    """The posts of each group, largest first."""
    groups: dict[str, set[str]] = {}
    for member in results.members.to_pylist():
        if member["kind"] == kind:
            groups.setdefault(member["group_id"], set()).add(member["post_id"])
    return sorted(groups.values(), key=lambda posts: (-len(posts), sorted(posts)))


def test_edited_copies_of_a_photo_are_one_group(tmp_path: Path, matched: Match) -> None:
    a, b = photo(1), photo(2)
    pictures = {
        "a-original.jpg": jpeg(a),
        "a-again.jpg": jpeg(a),
        "a-recompressed.jpg": jpeg(a, 30),
        "a-resized.png": encoded(a.resize((400, 300)), "PNG"),
        "a-cropped.jpg": jpeg(cropped(a, 4)),
        "b-original.jpg": jpeg(b),
        "b-enlarged.webp": encoded(b.resize((1000, 750)), "WEBP"),
        "c-other.jpg": jpeg(photo(3)),
    }
    results = matched(make_case(tmp_path, posts_of(pictures), pictures))
    assert groups_of(results) == [
        {"a-original", "a-again", "a-recompressed", "a-resized", "a-cropped"},
        {"b-original", "b-enlarged"},
    ]
    assert results.groups["items"].to_pylist() == [4, 2]
    assert results.groups["signals"].to_pylist() == [["pdq"], ["pdq"]]
    assert set(results.matches.table()["relation"].to_pylist()) == {"copy"}


def test_equal_hashes_of_different_files_are_one_node_with_evidence(
    tmp_path: Path, matched: Match
) -> None:
    lossless = [encoded(photo(1), "PNG", compress_level=level) for level in range(5)]
    pictures = {f"copy{at}.png": data for at, data in enumerate(lossless)}
    results = matched(make_case(tmp_path, posts_of(pictures), pictures))
    assert len(groups_of(results)[0]) == 5
    rows = results.members.to_pylist()
    assert sorted((row["signal"], row["distance"]) for row in rows) == [
        *[("pdq", 0)] * 4,
        ("sha256", 0),
    ]
    # Each is matched with the first, and not with every other one.
    assert results.matches.table()["distance"].to_pylist() == [0] * 4


def test_a_chain_of_edits_never_ties_what_is_too_far(tmp_path: Path, matched: Match) -> None:
    """A ~ B ~ C and further, each within 31 bits of the one before and far from the first."""
    base = photo(1)
    chain = [base]
    for pixels in range(1, 60):
        step = cropped(base, pixels)
        if distance(chain[-1], step) > 20:
            chain.append(step)
    assert len(chain) >= 6
    assert all(distance(a, b) <= 31 for a, b in pairwise(chain))
    assert distance(chain[0], chain[2]) > 31
    pictures = {f"step{at}.png": encoded(image, "PNG") for at, image in enumerate(chain)}
    results = matched(make_case(tmp_path, posts_of(pictures), pictures))
    groups = groups_of(results)
    assert sum(map(len, groups)) == len(set().union(*groups)) <= len(chain)
    assert len(groups) > 1
    assert max(map(len, groups)) <= 5
    assert any(row["via_sha256"] for row in results.members.to_pylist())


def flat(grey: int) -> Image.Image:
    return Image.new("RGB", (640, 480), (grey, grey, grey))


def test_flat_pictures_match_nothing_but_their_own_bytes(tmp_path: Path, matched: Match) -> None:
    pictures = {f"flat{at}.png": encoded(flat(80 + at), "PNG") for at in range(4)}
    pictures["flat-again.png"] = pictures["flat0.png"]
    results = matched(make_case(tmp_path, posts_of(pictures), pictures))
    assert groups_of(results) == [{"flat0", "flat-again"}]
    assert results.matches.num_rows == 0


def test_equal_files_are_copies_before_any_hash_is_known(tmp_path: Path, matched: Match) -> None:
    pictures = {"one.jpg": jpeg(photo(1)), "two.jpg": jpeg(photo(1)), "three.jpg": jpeg(photo(2))}
    results = matched(make_case(tmp_path, posts_of(pictures), pictures, signals=()))
    assert groups_of(results) == [{"one", "two"}]
    assert [row["signal"] for row in results.members.to_pylist()] == ["sha256", "sha256"]


def test_broken_pictures_are_in_no_group(tmp_path: Path, matched: Match) -> None:
    pictures = {f"broken{at}.jpg": jpeg(photo(1))[:3000] for at in range(3)}
    case = make_case(tmp_path, posts_of(pictures), pictures)
    assert case.epoch.rows("skipped") == 1
    assert matched(case).groups.num_rows == 0


@pytest.mark.parametrize(("bits", "found"), [(0, 0), (31, 1)])
def test_the_bound_on_the_distance_is_a_setting(
    tmp_path: Path, matched: Match, bits: int, found: int
) -> None:
    assert 0 < distance(photo(1), cropped(photo(1), 3)) <= 31
    pictures = {
        "one.png": encoded(photo(1), "PNG"),
        "two.png": encoded(cropped(photo(1), 3), "PNG"),
    }
    case = make_case(tmp_path, posts_of(pictures), pictures)
    assert matched(case, MatchSettings(max_pdq=bits)).groups.num_rows == found


@pytest.mark.parametrize("frames", [MAX_NEAR + 1, MAX_NEAR + 2])
def test_a_crowd_of_near_pictures_lists_the_matches_that_tie_members(
    tmp_path: Path, matched: Match, frames: int
) -> None:
    rng = np.random.default_rng(frames)
    base = rng.integers(0, 256, 32, np.uint8)
    bits = np.argsort(rng.random((frames, 256)), axis=1)[:, :6]
    edited = (bits[..., None] == np.arange(256)).any(axis=1)
    pictures = {f"frame{at}.png": b"frame %d" % at for at in range(frames)}
    case = make_case(tmp_path, posts_of(pictures), pictures, signals=())
    digests = [hashlib.sha256(data).hexdigest() for data in pictures.values()]
    codes = base ^ np.packbits(edited, axis=1)
    codes[0] = base
    case = put_codes(case, "pdq", dict(zip(digests, codes, strict=True)))
    found, every = near_photos(case), frames * (frames - 1) // 2
    results = matched(case)
    assert results.matches.num_rows == (every if frames == MAX_NEAR + 1 else frames - 1)
    assert results.matches.num_rows + found.unlisted == every
    assert results.groups["medoid_sha256"].to_pylist() == digests[:1]
    assert results.groups["items"].to_pylist() == [frames]
    assert results.members["via_sha256"].null_count == frames


def test_the_pivots_of_a_crowd_that_local_features_tie_are_one_photo(tmp_path: Path) -> None:
    """Four clusters in a row, 14 bits from one to the next: too wide for one group by PDQ."""
    rng = np.random.default_rng(7)
    names = [f"frame{at}" for at in range(4 * MAX_NEAR // 2)]
    pictures = {f"{name}.png": name.encode() for name in names}
    case = make_case(tmp_path, posts_of(pictures), pictures, signals=())
    bits = np.zeros((len(names), 256), np.uint8)
    for at, row in enumerate(bits):
        row[: at % 4 * 14] = 1
        row[rng.choice(np.arange(100, 256), 2, replace=False)] = 1
    digests = [hashlib.sha256(name.encode()).hexdigest() for name in names]
    case = put_codes(case, "pdq", dict(zip(digests, np.packbits(bits, axis=1), strict=True)))
    near = near_photos(case)
    assert len(near.pivots) > 1
    hash_stars = near.hash_stars()
    assert {*near.pivots.tolist()} <= {*hash_stars.medoid.tolist()}
    pairs = pairs_of(hash_stars.name.to_pylist())
    alone, tied = group_photos(near), group_photos(near, hash_stars, pairs)
    assert len(set(alone.assigned["medoid_sha256"].to_pylist())) >= len(near.pivots)
    assert len(set(tied.assigned["medoid_sha256"].to_pylist())) == 1
    medoid = tied.assigned["medoid_sha256"][0].as_py()
    rows = [r for r in tied.assigned.to_pylist() if r["signal"] == "local"]
    assert {r["sha256"] for r in rows} == {*hash_stars.name.to_pylist()} - {medoid}
    # A is what each is tied to; evidence is kept from the smaller digest.
    assert [r["scale"] for r in rows] == [2.0 if medoid < r["sha256"] else 0.5 for r in rows]


def pairs_of(names: list[str]) -> pa.Table:
    """Every two pictures as copies, the second twice as large as the first."""
    same = {"relation": "copy", "similarity": 0.5, "inliers": 9, "mirrored": False, "scale": 2.0}
    same |= dict.fromkeys(("rotation", "shift_x", "shift_y"), 0.0)
    same |= {"part_a": 1.0, "part_b": 1.0, "width_a": 100, "width_b": 200}
    both = combinations(sorted(names), 2)
    return pa.Table.from_pylist([{"sha256_a": a, "sha256_b": b, **same} for a, b in both], PAIRS)
