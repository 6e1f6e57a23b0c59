"""Describes what two videos, or a video and a picture, have in common: what, and from when to when.

A match of videos has `spans` besides the columns of other matches, and in results `share_a`,
`share_b` and `frames` (see `result_schemas.VIDEO_MATCHES`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from frametrace.matcher.result_schemas import Relation

__all__ = [
    "clock",
    "frames_agree",
    "is_still",
    "mirrored_words",
    "spans_cell",
    "time_words",
    "when",
]

_NEARLY_ALL = 0.9  # part of a video, or of a picture's area, that counts as all of it
_INSIDE = 0.6  # less of a frame's area: the other lies inside it, as for two pictures
_MAX_TIMES = 3  # more are summed up
_MIN_GAP = 1000  # ms; parts of a video that are nearer to each other are named as one
# A speed is named if it differs by this part, as seen in a span of this many ms at least: spans
# are cut at the ends of videos, a few frames early or late.
_MIN_SPEED, _MIN_LENGTH = 0.03, 10_000
_PICTURE = "picture"  # in place of the times of a picture

_Span = Mapping[str, Any]


def clock(milliseconds: int, *, tenths: bool = False) -> str:
    """A time in a video: `00:12` or `1:02:03`; with `tenths` `00:12.3`, unless they are 0."""
    units = (milliseconds + 50) // 100 if tenths else 10 * ((milliseconds + 500) // 1000)
    minutes, rest = divmod(units, 600)
    seconds, tenth = divmod(rest, 10)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"
    return f"{text}.{tenth}" if tenth else text


def spans_cell(spans: Sequence[_Span]) -> str:
    """Spans in one cell of a table, such as `00:12-00:41.5 = 00:00-00:29.5 mirrored; …`."""
    parts = []
    for span in spans:
        sides = (_PICTURE if is_still([span], side) else _range(span, side) for side in "ab")
        parts.append(" = ".join(sides) + (" mirrored" if span["mirrored"] else ""))
    return "; ".join(parts)


def _range(span: _Span, side: str) -> str:
    return "-".join(clock(span[f"{end}_{side}_ms"], tenths=True) for end in ("start", "end"))


def is_still(spans: Sequence[_Span], side: str) -> bool:
    """Whether one side, `a` or `b`, is a picture, which is at 0 to 0."""
    return all(span[f"end_{side}_ms"] == 0 for span in spans)


def when(spans: Sequence[_Span], side: str) -> str:
    """From when to when one side is in the spans, such as `00:12 to 00:41`."""
    parts: list[list[int]] = []
    for start, end in sorted((span[f"start_{side}_ms"], span[f"end_{side}_ms"]) for span in spans):
        if parts and start - parts[-1][1] <= _MIN_GAP:
            parts[-1][1] = max(parts[-1][1], end)
        else:
            parts.append([start, end])
    if len(parts) > _MAX_TIMES:
        return f"in {len(parts):,} places from {clock(parts[0][0])} to {clock(parts[-1][1])}"
    texts = [" to ".join(dict.fromkeys(map(clock, part))) for part in parts]
    *most, last = texts
    return f"{', '.join(most)} and {last}" if most else last


def mirrored_words(spans: Sequence[_Span]) -> list[str]:
    """Whether what is shared is mirrored; empty if it isn't."""
    mirrored = [bool(span["mirrored"]) for span in spans]
    if not any(mirrored):
        return []
    return ["mirrored" if all(mirrored) else "mirrored in parts"]


def frames_agree(match: Mapping[str, Any]) -> str:
    """How many frames agree; pairs of frames, if both are videos."""
    count = match["frames"]
    is_picture = any(is_still(match["spans"], side) for side in "ab")
    noun = "frame" if is_picture else "pair of frames" if count == 1 else "pairs of frames"
    return f"{count:,} {noun}{'s' if is_picture and count != 1 else ''} agree{'s' * (count == 1)}"


def time_words(match: Mapping[str, Any]) -> list[str]:
    """How much of A is in B, from when to when, and where it is in B."""
    spans = match["spans"]
    a, b = when(spans, "a"), when(spans, "b")
    if match["relation"] == Relation.SAME_SCENE:
        return ["another shot of the same scene"]
    if is_still(spans, "a"):
        return [*_picture_in_video(match), f"in a video, {b}"]
    if is_still(spans, "b"):
        return [f"a frame of it, {a}", *_area_words(match, "the frame")]
    if match["relation"] == Relation.SHARES_ELEMENT:
        return [f"{a} of it agrees with {b}", "perhaps an intro, an end card or a logo"]
    return [*_part_of_time(match, a, b), *_area_words(match, "its picture"), *_speed_words(spans)]


def _picture_in_video(match: Mapping[str, Any]) -> list[str]:
    """How much of a picture a video shows."""
    area = _area(match, "a")
    if match["relation"] == Relation.SHARES_ELEMENT:
        return [f"{area:.0%} of it agrees"]
    inside = ["inside a larger picture"] if _area(match, "b") < _INSIDE else []
    return ["all of it" if area >= _NEARLY_ALL else f"{area:.0%} of it", *inside]


def _part_of_time(match: Mapping[str, Any], a: str, b: str) -> list[str]:
    """How much of a video another one shows, and when; without shares only when."""
    share_a, share_b = match.get("share_a"), match.get("share_b")
    if share_a is None or share_b is None:
        return [f"{a} of it", f"in another video, {b}"]
    if share_a >= _NEARLY_ALL and share_b >= _NEARLY_ALL:
        return ["all of it"]
    if share_a >= _NEARLY_ALL:
        return ["all of it", f"inside a longer video, {b}"]
    part = [f"{_percent(share_a)} of it", a]
    if share_b >= _NEARLY_ALL:
        return [*part, "as a shorter video"]
    return [*part, f"inside another video, {b}"]


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "less than 1%"


def _area(match: Mapping[str, Any], side: str) -> float:
    """The part of a frame's area that is in the other's, 1 if only hashes were compared.

    `part_a` and `part_b` of results are parts in area and in time.
    """
    part, share = match[f"part_{side}"], match.get(f"share_{side}") or 1.0
    if part is None or match["inliers"] is None:
        return 1.0
    area: float = min(part / share, 1.0)
    return area


def _area_words(match: Mapping[str, Any], whole: str) -> list[str]:
    """Whether frames of A are cropped or lie inside larger ones, as far as they were compared."""
    area = _area(match, "a")
    words = [] if area >= _NEARLY_ALL else [f"{_percent(area)} of {whole}"]
    return [*words, "inside a larger picture"] if _area(match, "b") < _INSIDE else words


def _speed_words(spans: Sequence[_Span]) -> list[str]:
    """Whether B is faster or slower, by the longest span."""
    lengths = ((s["end_a_ms"] - s["start_a_ms"], s["end_b_ms"] - s["start_b_ms"]) for s in spans)
    a, b = max(lengths)
    if min(a, b) < _MIN_LENGTH or abs(a / b - 1) < _MIN_SPEED:
        return []
    return [f"{a / b - 1:.0%} faster" if a > b else f"{1 - a / b:.0%} slower"]
