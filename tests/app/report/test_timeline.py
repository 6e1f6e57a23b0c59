from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from frametrace.app.report.timeline import timeline

START = datetime(2019, 8, 1, tzinfo=UTC)
MOMENTS = st.none() | st.integers(0, 10**7).map(lambda minutes: START + timedelta(minutes=minutes))


@given(st.lists(st.tuples(st.sampled_from(["facebook", "twitter"]), MOMENTS), max_size=50))
def test_every_dated_post_is_in_one_dot_inside_the_drawing(posts):
    line = timeline(posts)
    dated = [moment for _, moment in posts if moment]
    if not dated:
        assert line is None
        return
    dots = [dot for lane in line.lanes for dot in lane.dots]
    assert sum(dot.posts for dot in dots) == len(dated) == sum(lane.posts for lane in line.lanes)
    assert line.undated == len(posts) - len(dated)
    assert all(dot.radius <= dot.x <= line.width - dot.radius for dot in dots)


def test_earlier_posts_stand_to_the_left_and_more_posts_are_larger():
    later = START + timedelta(days=1)
    line = timeline([("twitter", START), ("twitter", later), ("twitter", later)])
    first, last = line.lanes[0].dots
    assert first.x < last.x
    assert first.radius < last.radius
    assert (line.first, line.last) == ("2019-08-01 00:00", "2019-08-02 00:00")
