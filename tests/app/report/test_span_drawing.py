"""The two timelines of a tie: every span lies where it belongs, and inside the drawing."""

from hypothesis import given
from hypothesis import strategies as st

from frametrace.app.report.span_drawing import MAX_SPANS, draw_spans

DURATIONS = st.integers(1, 36_000_000)
PARTS = st.tuples(st.floats(0, 1.1), st.floats(0, 1.1)).map(sorted)  # a little past the end


def span(a, b, mirrored=False):
    times = {"start_a_ms": a[0], "end_a_ms": a[1], "start_b_ms": b[0], "end_b_ms": b[1]}
    return {**times, "mirrored": mirrored}


@given(DURATIONS, DURATIONS, st.lists(st.tuples(PARTS, PARTS), min_size=1, max_size=40))
def test_spans_lie_inside_the_drawing_where_they_are_in_time(a, b, parts):
    spans = [
        span([int(part * a) for part in of_a], [int(part * b) for part in of_b])
        for of_a, of_b in parts
    ]
    drawn = draw_spans(spans, (a, b), ("video one", "video two"))
    assert len(drawn.spans) == min(len(spans), MAX_SPANS)
    for shape in drawn.spans:
        for x, width in shape.sides:
            assert x >= 0
            assert width >= 2
            assert x + width <= drawn.width + 0.1
    if len(spans) <= MAX_SPANS:
        for shape, (of_a, of_b) in zip(drawn.spans, parts, strict=True):
            for (x, width), (start, end) in zip(shape.sides, (of_a, of_b), strict=True):
                middle = (min(start, 1) + min(end, 1)) / 2 * drawn.width
                assert abs(x + width / 2 - middle) <= 2 + drawn.width / min(a, b)


def test_the_longest_spans_are_drawn_in_their_order():
    lengths = [*range(100, 100 + MAX_SPANS), 5]
    spans = [span((at * 1000, at * 1000 + n), (0, n)) for at, n in enumerate(lengths)]
    drawn = draw_spans(spans, (60_000, 1_000), ("one", "two"))
    xs = [shape.a[0] for shape in drawn.spans]
    assert len(xs) == MAX_SPANS
    assert xs == sorted(xs)
    assert xs[-1] < 24_000 / 60_000 * drawn.width  # not the one of 5 ms, which is last


def test_a_picture_is_a_box_in_the_middle_without_a_time():
    spans = [span((0, 0), (1_000, 2_000)), span((0, 0), (7_000, 8_000), mirrored=True)]
    drawn = draw_spans(spans, (0, 10_000), ("picture one", "video two"))
    assert drawn.ends == ("", "00:10")
    assert {shape.a for shape in drawn.spans} == {drawn.bars[0]}
    assert drawn.bars[0][0] * 2 + drawn.bars[0][1] == drawn.width
    assert [shape.b for shape in drawn.spans] == [(34.0, 34.0), (238.0, 34.0)]
    assert drawn.times == ("the picture = 00:01 to 00:02; the picture = 00:07 to 00:08, mirrored")
    assert drawn.spans[0].band == "158.0,30.0 182.0,30.0 68.0,66.0 34.0,66.0"


def test_many_times_are_counted():
    spans = [span((at, at + 1), (at, at + 1)) for at in range(0, 70_000, 10_000)]
    # Each begins and ends in one second.
    assert draw_spans(spans, (70_000, 70_000), ("a", "b")).times.endswith("00:30 = 00:30; 3 more")
