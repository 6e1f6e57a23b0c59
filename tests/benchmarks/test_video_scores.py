"""The truth and the scores of the benchmark of videos, worked out by hand and second by second."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trying import examples

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from video.truth import Made, Role, Span, Truth, shared
from video.video_scores import Called, Match, Scores

WHOLE = (Span(0, 20_000, "a", 0, 20_000),)


def spans(pieces: list[tuple[int, int, int, str]]) -> tuple[Span, ...]:
    """Pieces one after the other: start in the original, length there, per cent of speed, name."""
    made, at = [], 0
    for start, length, speed, name in pieces:
        end = at + round(length * 100 / speed)
        made.append(Span(at, end, name, start, start + length))
        at = end
    return tuple(made)


some_pieces = st.lists(
    st.tuples(
        st.integers(0, 60).map(lambda n: 200 * n),
        st.integers(1, 60).map(lambda n: 200 * n),
        st.sampled_from([90, 100, 110]),
        st.sampled_from("ab"),
    ),
    min_size=1,
    max_size=3,
)


def shown(of: tuple[Span, ...], step: int = 100) -> dict[tuple[str, int], int]:
    """How often each tenth of a second of each original is shown."""
    counts: dict[tuple[str, int], int] = {}
    for span in of:
        for at in range(span.source_start, span.source_end, step):
            counts[span.source, at] = counts.get((span.source, at), 0) + 1
    return counts


@examples(200)
@given(some_pieces, some_pieces)
def test_what_two_videos_share_is_what_both_show(first, second):
    a, b = spans(first), spans(second)
    truth, stretches = shared(a, b)
    ours, theirs = shown(a), shown(b)
    common = 100 * sum(times * theirs.get(key, 0) for key, times in ours.items())
    of_source = sum(abs(_source(a, one.start_a) - _source(a, one.end_a)) for one in stretches)
    if len(first) == 1:
        assert of_source == pytest.approx(common, abs=40)
    assert bool(stretches) == (common > 0)
    names = {span.source for span in a} & {span.source for span in b}
    assert (truth is Truth.NOTHING) == (not names)
    length = sum(min(one.end_a - one.start_a, one.end_b - one.start_b) for one in stretches)
    assert (truth is Truth.COPIES) == (length >= 4_999)
    assert shared(b, a)[0] is truth


def _source(of: tuple[Span, ...], ms: float) -> float:
    span = next(one for one in of if one.start - 1 <= ms <= one.end + 1)
    return span.source_time(ms)


def test_a_stretch_is_named_in_the_time_of_both():
    faster = (Span(0, 4_000, "b", 0, 4_000), Span(4_000, 14_000, "a", 2_000, 13_000))
    truth, (stretch,) = shared(WHOLE, faster)
    times = stretch.start_a, stretch.end_a, stretch.start_b, stretch.end_b
    assert (truth, times) == (Truth.COPIES, (2_000, 13_000, 4_000, 14_000))
    truth, (stretch,) = shared((Span(0, 8_000, "a", 5_300, 13_300),), faster)
    assert (stretch.start_a, stretch.end_a) == (0, 7_700)
    assert (stretch.start_b, stretch.end_b) == (7_000, 14_000)


MEDIA = (
    Made("a.mp4", Role.ORIGINAL, "a", WHOLE),
    Made("b.mp4", Role.FILLER, "b", (Span(0, 9_000, "b", 0, 9_000),)),
    Made("c.mp4", Role.EDIT, "c", (Span(0, 6_000, "a", 3_000, 9_000),), "trimmed", 1, original="a"),
    Made(
        "d.mp4",
        Role.EDIT,
        "d",
        (Span(0, 7_000, "b", 0, 7_000), Span(7_000, 13_000, "a", 10_000, 16_000)),
        "excerpt",
        2,
        original="a",
    ),
    Made("e.mp4", Role.ELEMENT, "e", (Span(4_000, 9_000, "x", 0, 5_000),), "intro", template="1"),
    Made("f.mp4", Role.ELEMENT, "f", (Span(4_000, 9_000, "y", 0, 5_000),), "intro", template="1"),
    Made("g.mp4", Role.ELEMENT, "g", (Span(4_000, 9_000, "y", 0, 5_000),), "intro", template="2"),
    Made("h.jpg", Role.STILL, "h", (Span(0, 0, "a", 5_000, 5_000),), original="a"),
)


def scores(matches: dict[tuple[int, int], Match]) -> Scores:
    return Scores(MEDIA, Called("some", matches))


def tied(*times: tuple[float, float, float, float], similarity: float = 1) -> Match:
    return Match(similarity, tied=True, spans=times)


def test_recall_and_precision_count_pairs():
    loose, told = Match(0.5, tied=False), Match(1, tied=True, relation="copy")
    found = scores({(0, 2): tied(), (0, 3): loose, (1, 3): tied(), (0, 1): told, (2, 3): tied()})
    assert found.recall() == (1, 2)
    assert found.recall("trimmed") == (1, 1) and found.recall(strength=2) == (0, 1)
    # a and c, b and d are copies, a and b are not; c and d show one original at other times
    assert found.precision() == (2, 3)
    assert found.others() == (1, 1)
    assert found.wrong() == ["a | b | copy"]
    assert found.missed() == ["a | d | ", "a | h | nothing"]


def test_recall_at_precision_takes_the_lowest_similarity_that_is_right():
    right = {(0, 2): tied(similarity=0.9), (0, 3): tied(similarity=0.5)}
    assert scores(right).recall_at_precision() == 1
    assert scores(right | {(0, 1): tied(similarity=0.7)}).recall_at_precision() == 0.5
    assert scores(right | {(0, 1): tied(similarity=0.95)}).recall_at_precision() == 0
    assert scores({}).recall_at_precision() == 0


def test_only_pairs_of_one_template_without_common_content_are_elements():
    assert scores({(4, 5): tied(), (5, 6): tied()}).elements() == {"intro": (1, 1)}
    assert scores({(4, 5): Match(1, tied=False)}).elements() == {"intro": (0, 1)}


@pytest.mark.parametrize(
    ("start", "end", "right"),
    [(4_000, 4_000, 1), (3_900, 3_999, 0), (6_001, 9_000, 0), (0, 20_000, 1)],
)
def test_a_still_is_right_within_a_second(start, end, right):
    found = scores({(0, 7): tied((start, end, 0, 0)), (1, 7): tied((0, 0, 0, 0))})
    assert found.stills() == (right, 1, 1)
    assert found.still_lengths() == [end - start]
    assert found.false_stills() == (1, 2)
    assert found.recall() == (0, 2) and found.precision() == (0, 0)


def test_errors_of_spans_are_those_of_the_best_span():
    near, far = (3_100.0, 8_800.0, 100.0, 6_000.0), (0.0, 2_000.0, 0.0, 2_000.0)
    found = scores({(0, 2): tied(far, near), (0, 3): tied((0, 5_000, 0, 5_000))})
    assert found.span_errors() == ([100, 100], [200, 0], 1, 2)
