"""The timeline of a group: every post with a time is in one dot, at its place."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from frametrace.app.output.console_output import moment_text
from frametrace.app.report.post_timeline import timeline
from frametrace.case.schemas import TIME

START = datetime(2019, 8, 1, tzinfo=UTC)
MOMENTS = st.none() | st.integers(0, 10**9).map(lambda seconds: START + timedelta(seconds=seconds))
MOMENTS |= st.integers(0, 10**8).map(lambda us: START + timedelta(microseconds=us))


def table(posts):
    platforms, moments = zip(*posts, strict=True) if posts else ((), ())
    return pa.table(
        {"platform": pa.array(platforms, pa.string()), "posted_at": pa.array(moments, TIME)}
    )


@given(st.lists(st.tuples(st.sampled_from(["facebook", "twitter"]), MOMENTS), max_size=50))
def test_every_dated_post_is_in_one_dot_inside_the_drawing(posts):
    line = timeline(table(posts))
    dated = [moment for _, moment in posts if moment]
    if not dated:
        assert line is None
        return
    dots = [dot for lane in line.lanes for dot in lane.dots]
    assert sum(dot.posts for dot in dots) == len(dated) == sum(lane.posts for lane in line.lanes)
    assert line.undated == len(posts) - len(dated)
    assert all(dot.radius <= dot.x <= line.width - dot.radius for dot in dots)
    first, last = min(dated), max(dated)
    expected, earliest = Counter(), {}
    for platform, moment in posts:
        if moment:
            part = (moment - first).total_seconds() / ((last - first).total_seconds() or 1.0)
            key = platform, round(9 + round(part * 119) / 119 * 582, 1)
            expected[key] += 1
            earliest[key] = min(moment, earliest.get(key, moment))
    drawn = {(lane.platform, dot.x): dot for lane in line.lanes for dot in lane.dots}
    assert {key: dot.posts for key, dot in drawn.items()} == expected
    assert {key: dot.when for key, dot in drawn.items()} == {
        key: moment_text(moment) for key, moment in earliest.items()
    }


def test_earlier_posts_stand_to_the_left_and_more_posts_are_larger():
    later = START + timedelta(days=1)
    line = timeline(table([("twitter", START), ("twitter", later), ("twitter", later)]))
    first, last = line.lanes[0].dots
    assert first.x < last.x
    assert first.radius < last.radius
    assert (line.first, line.last) == ("2019-08-01 00:00", "2019-08-02 00:00")
