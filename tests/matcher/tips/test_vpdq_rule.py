"""vPDQ's rule against its definition, frame by frame, and against python-threatexchange."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trying import examples

from frametrace.matcher.tips import vpdq_rule
from frametrace.matcher.tips.vpdq_files import VpdqFeatures
from frametrace.matcher.tips.vpdq_rule import is_vpdq_match, vpdq_shares


def some(codes, qualities):
    size = len(codes)
    hashes = np.array(codes, np.uint8).reshape(size, 32)
    at = np.arange(size, dtype=np.int64)
    return VpdqFeatures(at, 1000 * at, hashes, np.array(qualities, np.uint8))


@st.composite
def two(draw):
    """Two videos: hashes around a few centres, at distances around the limit, some repeated."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    centres = rng.integers(0, 256, (3, 32)).astype(np.uint8)

    def video(size):
        codes = centres[rng.integers(0, 3, size)]
        for row in range(size):
            flipped = rng.permutation(256)[: rng.choice([0, 8, 15, 16, 17, 30, 60])]
            bits = np.zeros(256, np.uint8)
            bits[flipped] = 1
            codes[row] ^= np.packbits(bits)
        return some(codes, rng.choice([0, 49, 50, 100], size))

    return video(draw(st.integers(1, 9))), video(draw(st.integers(1, 9)))


def plain(a, b):
    """The shares by the pseudocode of vPDQ's README."""

    def usable(video):
        pairs = zip(video.hashes, video.qualities, strict=True)
        return {bytes(code) for code, quality in pairs if quality >= 50}

    def share(ours, theirs):
        near = [
            any((int.from_bytes(x) ^ int.from_bytes(y)).bit_count() <= 31 for y in theirs)
            for x in ours
        ]
        return sum(near) / len(near) if near else 0

    return share(usable(a), usable(b)), share(usable(b), usable(a))


@examples(200)
@given(two())
def test_shares_are_those_of_the_published_rule(videos):
    a, b = videos
    assert vpdq_shares(a, b) == pytest.approx(plain(a, b))
    assert vpdq_shares(b, a) == vpdq_shares(a, b)[::-1]


@examples(60)
@given(two())
def test_blocks_change_nothing(videos):
    whole = vpdq_shares(*videos)
    before, vpdq_rule._BLOCK = vpdq_rule._BLOCK, 3
    try:
        assert vpdq_shares(*videos) == whole
    finally:
        vpdq_rule._BLOCK = before


@examples(60)
@given(two())
def test_python_threatexchange_agrees(videos):
    pytest.importorskip("vpdq", reason="the package vpdq needs FFmpeg's headers")
    pytest.importorskip("threatexchange", reason="a peer of the benchmarks")
    from threatexchange.extensions.vpdq.vpdq_brute_matcher import match_VPDQ_hash_brute
    from threatexchange.extensions.vpdq.vpdq_util import VpdqCompactFeature

    def theirs(video):
        rows = zip(video.hashes, video.qualities, video.times, strict=True)
        features = [VpdqCompactFeature(bytes(c).hex(), int(q), t / 1000) for c, q, t in rows]
        return [one for one in features if one.quality >= 50]  # it would divide by zero

    a, b = map(theirs, videos)
    if a and b:
        found = match_VPDQ_hash_brute(a, b, 50, 31)
        shares = found.query_match_percent / 100, found.compared_match_percent / 100
        assert vpdq_shares(*videos) == pytest.approx(shares)


def test_a_video_without_usable_frames_matches_nothing():
    flat = some([[7] * 32], [49])
    assert vpdq_shares(flat, flat) == (0, 0) and not is_vpdq_match((0, 0))


def test_a_match_needs_four_fifths_of_either_video():
    rng = np.random.default_rng(4)
    codes = rng.integers(0, 256, (10, 32)).astype(np.uint8)
    whole, four, three = (some(codes[:size], [100] * size) for size in (5, 4, 3))
    other = some(codes[5:], [100] * 5)
    assert vpdq_shares(whole, four) == (0.8, 1) and is_vpdq_match((0.8, 0.3))
    assert vpdq_shares(three, whole) == (1, 0.6)
    assert not is_vpdq_match(vpdq_shares(whole, other)) and not is_vpdq_match((0.79, 0.79))
