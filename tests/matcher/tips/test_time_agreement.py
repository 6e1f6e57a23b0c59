"""Reuse of a known video, by the frames that agree and when they are shown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.tips.time_agreement import FrameAgreement, KnownVideo, reuse_of
from frametrace.matcher.videos.spans import Shown

HASHES = np.random.default_rng(1).integers(0, 256, (40, 32)).astype(np.uint8)
NEAR = FrameAgreement(4, 1 - 4 / 256)


def shown(*lengths, first=0):
    ends = np.cumsum(np.array(lengths, np.float64))
    return Shown(np.arange(first, first + len(lengths)), ends - lengths, ends)


def known(*lengths, hashes=HASHES, features=()):
    video = shown(*lengths)
    codes = dict(enumerate(hashes[: len(lengths)]))
    return KnownVideo(float(sum(lengths)), video, codes, frozenset(features))


def reuse(video, lengths, pairs, agreement=NEAR):
    of_case = shown(*lengths, first=100)
    agreeing = dict.fromkeys(pairs, agreement)
    return reuse_of(video, of_case, float(sum(lengths)), agreeing)


def times(found):
    return [
        (span.start_a, span.end_a, span.start_b, span.end_b)
        for span in (found.spans if found else ())
    ]


@given(
    st.lists(st.integers(900, 5000), min_size=4, max_size=12),
    st.integers(0, 3),
    st.integers(0, 20_000),
)
def test_a_cut_of_a_video_is_found_where_it_is(lengths, cut, before):
    """The case's video has shots of the known one, but the first few, after one of its own."""
    rest = lengths[cut:]
    pairs = [(cut + at, 101 + at) for at in range(len(rest))]
    found = reuse(known(*lengths), [before + 1, *rest], pairs)
    start = sum(lengths[:cut])
    long = sum(rest) >= 3500 or sum(rest) >= 0.5 * sum(lengths)
    if len(rest) < 2 or not long:
        return  # one frame, or very short: see below
    if found is None:  # an intro or an end card
        assert sum(rest) <= 10_000
        return
    (span,) = times(found)
    assert span == pytest.approx((start, sum(lengths), before + 1, before + 1 + sum(rest)), abs=300)
    assert found.common == pytest.approx(sum(rest), abs=300)


def test_frames_in_another_order_agree_at_no_offset():
    lengths = [4000] * 6
    pairs = [(at, 105 - at) for at in range(6)]
    assert reuse(known(*lengths), lengths, pairs) is None


def test_one_frame_that_agrees_is_not_enough():
    video = known(*[3000] * 10)
    assert reuse(video, [9000, 3000, 9000], [(4, 101)]) is None
    assert reuse(video, [3000], [(4, 100)]) is None  # all of the case's video, little of the known


def test_frames_that_look_alike_count_as_one():
    alike = np.repeat(HASHES[:1], 6, axis=0).copy()
    alike[:, 0] ^= np.arange(6, dtype=np.uint8)
    pairs = [(at, 101 + at) for at in range(6)]
    lengths = [15_000, *[3000] * 6]
    video = known(*[3000] * 6, hashes=alike)
    assert reuse(video, lengths, pairs) is None
    assert reuse(known(*[3000] * 6), lengths, pairs).relation == Relation.CONTAINS


@pytest.mark.parametrize(("bits", "found"), [(44, False), (62, False), (63, True)])
def test_two_poses_in_one_studio_are_one_scene(bits, found):
    poses = np.zeros((2, 256), np.uint8)
    poses[1, :bits] = 1
    video = known(5000, 5000, hashes=np.packbits(poses, axis=1))
    by_features = FrameAgreement(None, 0.6)
    reused = reuse(video, [5000, 5000], [(0, 100), (1, 101)], by_features)
    assert (reused is not None) == found


@pytest.mark.parametrize(("bits", "found"), [(2, True), (10, True), (11, False), (None, False)])
def test_one_scene_counts_if_it_is_all_of_both_and_nearly_equal(bits, found):
    agreement = FrameAgreement(bits, 0.9)
    assert (reuse(known(20_000), [21_000], [(0, 100)], agreement) is not None) == found
    assert reuse(known(20_000), [50_000], [(0, 100)], agreement) is None


def test_what_differs_ends_a_span_and_what_is_unknown_does_not():
    lengths = [3000.0] * 9
    pairs = [(at, 100 + at) for at in (0, 1, 2, 6, 7, 8)]
    by_hash = reuse(known(*lengths), lengths, pairs)
    assert times(by_hash) == [(0, 9000, 0, 9000), (18_000, 27_000, 18_000, 27_000)]
    by_features = FrameAgreement(None, 0.4)
    assert times(reuse(known(*lengths), lengths, pairs, by_features)) == [(0, 27_000, 0, 27_000)]
    video = known(*lengths, features=(0, 1, 2, 4, 6, 7, 8))
    assert len(times(reuse(video, lengths, pairs, by_features))) == 2


@pytest.mark.parametrize("relation", [Relation.PART, Relation.CONTAINS])
def test_frames_inside_each_other_say_which_video_is_the_part(relation):
    lengths, pairs = [4000] * 5, [(at, 100 + at) for at in range(5)]
    agreement = FrameAgreement(None, 0.4, relation)
    assert reuse(known(*lengths), lengths, pairs, agreement).relation == relation


def test_the_shorter_video_is_a_part():
    lengths = [4000] * 10
    pairs = [(at, 97 + at) for at in range(3, 7)]
    assert reuse(known(*lengths), lengths[3:7], pairs).relation == Relation.PART


def test_nothing_agrees_in_nothing():
    assert reuse(known(3000, 3000), [3000, 3000], []) is None
