"""Relations of videos by the spans that they share."""

import pytest

from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.videos.spans import Span
from frametrace.matcher.videos.video_relation import relation_of_videos, shares_of

MINUTE = 60_000.0


@pytest.mark.parametrize(
    ("spans", "durations", "relation"),
    [
        ([Span(0, 30e3, 0, 30e3)], (30e3, 30e3), Relation.COPY),
        ([Span(2e3, 28e3, 0, 26e3)], (30e3, 26e3), Relation.COPY),
        ([Span(10e3, 30e3, 0, 20e3)], (MINUTE * 3, 20e3), Relation.CONTAINS),
        ([Span(20e3, 32e3, 40e3, 52e3)], (MINUTE, MINUTE * 2), Relation.CONTAINS),
        ([Span(0, 6e3, 0, 6e3)], (MINUTE, MINUTE), Relation.SHARES_ELEMENT),
        ([Span(54e3, 60e3, 84e3, 90e3)], (MINUTE, 90e3), Relation.SHARES_ELEMENT),
        (
            [Span(0, 5e3, 0, 5e3), Span(55e3, 60e3, 85e3, 90e3)],
            (MINUTE, 90e3),
            Relation.SHARES_ELEMENT,
        ),
        ([Span(20e3, 22e3, 40e3, 42e3)], (MINUTE, MINUTE), Relation.SHARES_ELEMENT),
        ([Span(0, 3e3, 10e3, 13e3)], (3e3, MINUTE), Relation.CONTAINS),
    ],
)
def test_relation(spans: list[Span], durations: tuple[float, float], relation: Relation) -> None:
    assert relation_of_videos(spans, durations, inside=0) == relation
    turned = [Span(s.start_b, s.end_b, s.start_a, s.end_a) for s in spans]
    assert relation_of_videos(turned, durations[::-1], inside=0) == relation


def test_a_video_inside_the_picture_of_another_is_contained() -> None:
    spans = [Span(0, 30e3, 0, 30e3)]
    assert relation_of_videos(spans, (30e3, 30e3), inside=0.9) == Relation.CONTAINS


def test_shares_count_time_once() -> None:
    shares = shares_of([Span(0, 10e3, 0, 10e3), Span(0, 10e3, 15e3, 25e3)], 20e3, 30e3)
    assert (shares.a, shares.b, shares.common) == (0.5, 20 / 30, 10e3)
