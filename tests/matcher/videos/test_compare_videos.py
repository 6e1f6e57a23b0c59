"""Videos and pictures of one case are compared: relations, spans, and what never ties."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from made_videos import Shot, black, video_bytes
from making import cropped, jpeg, make_case, photo

from frametrace.case.store import Case
from frametrace.matcher.match_case import match_case
from frametrace.matcher.result_schemas import GroupKind
from frametrace.matcher.saved_results import Results

pytestmark = pytest.mark.usefixtures("made_videos")
SHOTS = [Shot(seed, seconds) for seed, seconds in enumerate([3.0, 2.5, 4.0, 3.5, 2.0, 5.0], 100)]
ALL = ("pdq", "local", "thumbnail")


def case_of(folder: Path, files: Mapping[str, bytes], signals: tuple[str, ...] = ALL) -> Case:
    posts = [{"media": [name], "text": name} for name in files]
    return make_case(folder, posts, files, signals)


def compared(case: Case) -> tuple[Results, dict[frozenset[str], dict[str, Any]]]:
    """The results, and the rows of `video_matches` by the names of both files."""
    results, _ = match_case(case)
    names = dict(
        zip(*(case.media.arrow[name].to_pylist() for name in ("sha256", "path")), strict=True)
    )
    rows = {}
    for row in results.video_matches.to_pylist():
        a, b = names[row["sha256_a"]], names[row["sha256_b"]]
        rows[frozenset((a, b))] = {**row, "a": a, "b": b}
    return results, rows


def times(row: Mapping[str, Any], first: str) -> list[tuple[float, ...]]:
    """The spans in seconds, the named file first."""
    sides = "ab" if row["a"] == first else "ba"
    return sorted(
        tuple(span[f"{end}_{side}_ms"] / 1000 for side in sides for end in ("start", "end"))
        for span in row["spans"]
    )


@pytest.mark.parametrize("signals", [("pdq",), ALL])
def test_a_trimmed_copy_is_a_copy_with_its_span(tmp_path: Path, signals: tuple[str, ...]) -> None:
    trimmed = [Shot(101, 1.5), *SHOTS[2:5], Shot(105, 4.0)]
    files = {"whole.mp4": video_bytes(*SHOTS), "trimmed.mp4": video_bytes(*trimmed)}
    _, rows = compared(case_of(tmp_path, files, signals))
    row = rows[frozenset(files)]
    assert row["relation"] == "copy"
    assert times(row, "whole.mp4") == [pytest.approx((4.0, 19.0, 0.0, 15.0), abs=0.5)]


@pytest.mark.parametrize("edit", ["mirrored", "cropped", "half size"])
def test_edited_copies_are_copies(tmp_path: Path, edit: str) -> None:
    edited = [Shot(shot.seed, shot.seconds, edit) for shot in SHOTS]
    files = {"whole.mp4": video_bytes(*SHOTS), "edited.mp4": video_bytes(*edited)}
    _, rows = compared(case_of(tmp_path, files))
    row = rows[frozenset(files)]
    assert row["relation"] == "copy"
    assert times(row, "whole.mp4") == [pytest.approx((0, 20.0, 0, 20.0), abs=0.5)]
    assert all(span["mirrored"] == (edit == "mirrored") for span in row["spans"])


def test_another_speed(tmp_path: Path) -> None:
    faster = [Shot(shot.seed, shot.seconds / 1.1) for shot in SHOTS]
    files = {"whole.mp4": video_bytes(*SHOTS), "faster.mp4": video_bytes(*faster)}
    _, rows = compared(case_of(tmp_path, files))
    row = rows[frozenset(files)]
    assert row["relation"] == "copy"
    assert times(row, "whole.mp4") == [pytest.approx((0, 20.0, 0, 20.0 / 1.1), abs=0.5)]


def test_a_picture_in_picture_contains_the_video(tmp_path: Path) -> None:
    inset = [Shot(shot.seed, shot.seconds, "inset") for shot in SHOTS]
    files = {"whole.mp4": video_bytes(*SHOTS), "reaction.mp4": video_bytes(*inset)}
    _, rows = compared(case_of(tmp_path, files))
    assert rows[frozenset(files)]["relation"] == "contains"


def test_an_excerpt_inside_other_material(tmp_path: Path) -> None:
    around = [Shot(200, 10.0), *SHOTS[1:4], Shot(201, 8.0), Shot(202, 9.0)]
    files = {"whole.mp4": video_bytes(*SHOTS), "news.mp4": video_bytes(*around)}
    results, rows = compared(case_of(tmp_path, files))
    row = rows[frozenset(files)]
    assert row["relation"] == "contains"
    assert times(row, "whole.mp4") == [pytest.approx((3.0, 13.0, 10.0, 20.0), abs=0.5)]
    photos = [row for row in results.groups.to_pylist() if row["kind"] == GroupKind.PHOTO]
    assert [row["posts"] for row in photos] == [2]


def test_shots_in_another_order_have_a_span_each(tmp_path: Path) -> None:
    moved = [*SHOTS[3:], *SHOTS[:3]]
    files = {"whole.mp4": video_bytes(*SHOTS), "moved.mp4": video_bytes(*moved)}
    _, rows = compared(case_of(tmp_path, files))
    assert times(rows[frozenset(files)], "whole.mp4") == [
        pytest.approx((0, 9.5, 10.5, 20.0), abs=0.5),
        pytest.approx((9.5, 20.0, 0, 10.5), abs=0.5),
    ]


def test_a_still_is_found_with_its_time(tmp_path: Path) -> None:
    still = jpeg(cropped(photo(102), 0.75))
    files = {"whole.mp4": video_bytes(*SHOTS), "still.jpg": still}
    results, rows = compared(case_of(tmp_path, files))
    row = rows[frozenset(files)]
    assert row["relation"] == "contains"
    assert times(row, "still.jpg") == [(0, 0, 5.5, 9.5)]
    members = [row for row in results.members.to_pylist() if row["kind"] == GroupKind.PHOTO]
    assert {row["text"] for row in members} == set(files)


def test_intros_end_cards_and_black_frames_tie_nobody(tmp_path: Path) -> None:
    files = {
        f"{seed}.mp4": video_bytes(
            *(Shot(300, 4.0), black(2.0)),
            *(Shot(seed + at, 5.0) for at in range(5)),
            *(black(1.0), Shot(301, 5.0)),
        )
        for seed in (400, 410, 420)
    }
    results, rows = compared(case_of(tmp_path, files))
    assert {row["relation"] for row in rows.values()} <= {"shares_element"}
    assert GroupKind.PHOTO not in results.groups["kind"].to_pylist()


@pytest.mark.parametrize("edit", ["screenshot", "guest"])
def test_other_content_in_one_setting_ties_nobody(tmp_path: Path, edit: str) -> None:
    """Videos around which one app is seen, and guests in one studio."""
    files = {
        f"{seed}.mp4": video_bytes(Shot(seed, 8.0, edit), Shot(seed + 1, 7.0, edit))
        for seed in (700, 710, 720)
    }
    results, rows = compared(case_of(tmp_path, files))
    assert {row["relation"] for row in rows.values()} <= {"shares_element"}
    assert GroupKind.PHOTO not in results.groups["kind"].to_pylist()


@pytest.mark.parametrize("edit", ["screenshot", "guest"])
def test_a_copy_in_such_a_setting_is_found(tmp_path: Path, edit: str) -> None:
    shots = Shot(700, 8.0, edit), Shot(701, 7.0, edit)
    files = {"whole.mp4": video_bytes(*shots), "again.mp4": video_bytes(*shots, note="again")}
    _, rows = compared(case_of(tmp_path, files))
    assert rows[frozenset(files)]["relation"] == "copy"


def test_a_copy_is_found_among_videos_with_one_intro(tmp_path: Path) -> None:
    files = {
        f"{seed}.mp4": video_bytes(Shot(300, 4.0), *(Shot(seed + at, 5.0) for at in range(4)))
        for seed in (400, 410, 420, 430)
    }
    copied = [Shot(300, 4.0), *(Shot(400 + at, 5.0) for at in range(3))]
    files["copy.mp4"] = video_bytes(*copied)
    results, rows = compared(case_of(tmp_path, files))
    assert {frozenset(names) for names, row in rows.items() if row["relation"] == "copy"} == {
        frozenset({"400.mp4", "copy.mp4"})
    }
    photos = [row for row in results.members.to_pylist() if row["kind"] == GroupKind.PHOTO]
    assert {row["text"] for row in photos} == {"400.mp4", "copy.mp4"}


def test_videos_of_other_photos_have_nothing_in_common(tmp_path: Path) -> None:
    files = {
        f"{seed}.mp4": video_bytes(*(Shot(seed + at, 2.0) for at in range(5)))
        for seed in (500, 600)
    }
    _, rows = compared(case_of(tmp_path, files))
    assert rows == {}


def test_pictures_are_grouped_as_without_videos(tmp_path: Path) -> None:
    pictures = {"a.jpg": jpeg(photo(1)), "b.jpg": jpeg(cropped(photo(1), 0.8))}
    alone, _ = compared(case_of(tmp_path / "alone", pictures))
    files = {**pictures, "c.mp4": video_bytes(*SHOTS)}
    beside, rows = compared(case_of(tmp_path / "beside", files))
    assert rows == {}
    assert beside.groups == alone.groups
    assert beside.members == alone.members


def test_results_don_t_depend_on_what_was_compared_before(tmp_path: Path) -> None:
    files = {"whole.mp4": video_bytes(*SHOTS), "part.mp4": video_bytes(*SHOTS[1:5])}
    more = {"again.mp4": video_bytes(*SHOTS, note="b"), "still.jpg": jpeg(photo(103))}
    case_of(tmp_path / "grown", files)
    match_case(Case(tmp_path / "grown" / "case"))
    posts = [{"media": [name], "text": name} for name in {**files, **more}]
    grown = make_case(tmp_path / "grown", posts, more, ALL)
    _, first = compared(case_of(tmp_path / "once", {**files, **more}))
    _, then = compared(grown)
    assert then == first
