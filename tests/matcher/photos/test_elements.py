"""Elements: what unrelated pictures share makes a group of its own, and no photo."""

from collections.abc import Callable
from pathlib import Path

import pytest
from making import jpeg, make_case, photo
from pairing import cells, name_of, pairs_of
from picturing import panels, post_of

from frametrace.matcher.photos.elements import Elements, element_cells, find_elements
from frametrace.matcher.photos.group_assignment import LISTED
from frametrace.matcher.pictures.verified_pair_table import PAIRS
from frametrace.matcher.saved_results import Results

Match = Callable[..., Results]

# The bars of an app: the upper and the lower rows.
BARS = cells([0, 1, 14, 15])
SHARE = {"relation": "shares_element", "same_photograph": False, "cells_a": BARS, "cells_b": BARS}


def relations(found: Elements) -> dict[tuple[int, int], str]:
    return {
        (int(row["sha256_a"], 16), int(row["sha256_b"], 16)): row["relation"]
        for row in found.pairs.to_pylist()
    }


def elements(found: Elements) -> list[set[int]]:
    """The pictures of each element."""
    groups: dict[str, set[int]] = {}
    for picture, medoid in zip(found.picture.to_pylist(), found.medoid.to_pylist(), strict=True):
        groups.setdefault(medoid, set()).add(int(picture, 16))
    return list(groups.values())


def test_three_unrelated_pictures_that_share_something_make_an_element() -> None:
    found = find_elements(pairs_of([(0, 1, SHARE), (0, 2, SHARE), (1, 2, SHARE)]))
    assert elements(found) == [{0, 1, 2}]
    assert set(relations(found).values()) == {"shares_element"}
    listed = found.listed()
    assert listed.schema == LISTED
    assert set(listed["relation"].to_pylist()) == {"shares_element"}
    assert sorted(listed["signal"].to_pylist()) == ["local", "local", "sha256"]


@pytest.mark.parametrize(
    "pairs",
    [
        [(0, 1, SHARE)],
        [(0, 1, SHARE), (0, 2, {**SHARE, "same_photograph": True})],
        [(0, 1, SHARE), (0, 2, SHARE), (1, 2, {})],  # 1 and 2 are one picture
        [(0, 1, {}), (1, 2, {"relation": "contains"}), (2, 3, {"relation": "same_scene"})],
    ],
    ids=["two", "one photograph", "copies", "others"],
)
def test_fewer_unrelated_pictures_make_none(pairs) -> None:
    assert elements(find_elements(pairs_of(pairs))) == []


def test_a_copy_whose_agreement_lies_in_an_element_alone_is_none() -> None:
    box = {"x0": 0.1, "y0": 0.1, "x1": 0.5, "y1": 0.5}
    wrong = {"cells_a": BARS, "cells_b": BARS, "part_a": 0.7, "part_b": 0.7}
    wrong |= {"altered": [box], "altered_part": 0.16}
    sharing = [(a, b, SHARE) for a in range(4) for b in range(a + 1, 4) if (a, b) != (0, 1)]
    found = find_elements(pairs_of([(0, 1, wrong), *sharing]))
    assert relations(found)[0, 1] == "shares_element"
    assert found.pairs.to_pylist()[0]["altered"] is None
    assert elements(found) == [{0, 1, 2, 3}]
    assert found.pairs.schema == PAIRS


@pytest.mark.parametrize("own", [cells(range(4, 8)), cells()])
def test_a_copy_that_agrees_in_cells_of_its_own_stays_one(own: bytes) -> None:
    right = {"cells_a": own, "cells_b": own, "part_a": 0.7, "part_b": 0.7}
    sharing = [(a, b, SHARE) for a in range(4) for b in range(a + 1, 4) if (a, b) != (0, 1)]
    assert relations(find_elements(pairs_of([(0, 1, right), *sharing])))[0, 1] == "copy"


def test_a_photo_in_three_collages_is_not_taken_for_an_element() -> None:
    """The collages share it and nothing else: what they share is one photograph."""
    half = cells(columns=range(8))
    inside = {"relation": "contains", "part_a": 1.0, "part_b": 0.5, "cells_b": half}
    between = {"relation": "shares_element", "part_a": 0.5, "part_b": 0.5}
    between |= {"cells_a": half, "cells_b": half, "same_photograph": True}
    collages = [(a, b, between) for a, b in ((1, 2), (1, 3), (2, 3))]
    found = find_elements(pairs_of([*((0, at, inside) for at in (1, 2, 3)), *collages]))
    assert {relations(found)[0, at] for at in (1, 2, 3)} == {"contains"}
    assert elements(found) == []


def test_the_place_of_a_photo_in_collages_is_no_element_where_it_stands_by_itself() -> None:
    left, all_of_it = cells(range(16), range(8)), cells(range(16))
    sharing = {**SHARE, "cells_a": left, "cells_b": left}
    collages = [(0, 1, sharing), (0, 2, sharing), (1, 2, sharing)]
    assert element_cells(pairs_of(collages))[f"{0:064x}"][:, :8].all()
    inside = {"relation": "contains", "part_a": 0.5, "part_b": 1.0, "cells_a": left}
    itself = {**inside, "cells_b": all_of_it}
    assert f"{0:064x}" not in element_cells(pairs_of([*collages, (0, 3, itself)]))
    # A picture that is made of elements itself says nothing of what it lies in.
    framed = [(3, at, {**SHARE, "cells_a": all_of_it}) for at in (4, 5)]
    assert f"{0:064x}" in element_cells(pairs_of([*collages, (0, 3, itself), *framed]))


def test_copies_of_one_screenshot_are_one_picture_of_an_element() -> None:
    copies = [(0, 10, {}), (1, 11, {}), (2, 12, {})]
    found = find_elements(pairs_of([*copies, (0, 1, SHARE), (1, 2, SHARE), (0, 2, SHARE)]))
    assert elements(found) == [{0, 1, 2}]
    assert {relations(found)[pair[:2]] for pair in copies} == {"copy"}


def test_nothing_compared_makes_nothing() -> None:
    found = find_elements(PAIRS.empty_table())
    assert len(found.picture) == 0
    assert found.listed().schema == LISTED
    assert len(found.listed()) == 0


def test_one_element_in_many_pictures_is_one_group_whatever_their_order() -> None:
    sharing = [(a, b, SHARE) for a in range(12) for b in range(a + 1, 12)]
    assert elements(find_elements(pairs_of(sharing))) == [set(range(12))]
    chain = [(0, at, SHARE) for at in range(1, 12)]
    assert elements(find_elements(pairs_of(chain))) == [set(range(12))]
    assert name_of(3) < name_of(11)


@pytest.fixture(scope="module")
def posts() -> dict[str, bytes]:
    """Screenshots of one app by four accounts, of four photos; one of these three times."""
    made = {f"app-{seed}.jpg": jpeg(post_of(photo(seed), seed)) for seed in range(1, 5)}
    made["app-1-again.jpg"] = jpeg(post_of(photo(1), 1), 50)
    made["one.jpg"] = jpeg(photo(1))
    return made


def test_screenshots_of_one_app_are_a_group_that_ties_nobody(
    posts: dict[str, bytes], tmp_path: Path, matched: Match
) -> None:
    rows = [{"post_id": name[:-4], "account_id": name[:-4], "media": [name]} for name in posts]
    results = matched(make_case(tmp_path, rows, posts, signals=("pdq", "local")))
    members: dict[str, set[str]] = {}
    for row in results.members.to_pylist():
        members.setdefault(row["group_id"], set()).add(row["post_id"])
    kinds = {row["group_id"]: row["kind"] for row in results.groups.to_pylist()}
    (element,) = [members[group] for group, kind in kinds.items() if kind == "element"]
    assert {name[:5] for name in element} == {"app-1", "app-2", "app-3", "app-4"}
    photos = [members[group] for group, kind in kinds.items() if kind == "photo"]
    # The screenshots of photo 1 are copies, and contain it; those of others are in no photo group.
    assert set().union(*photos) == {"app-1", "app-1-again", "one"}
    tied = {
        name
        for row in results.ties.to_pylist()
        for name in (row["account_id_a"], row["account_id_b"])
    }
    accounts = {row["account_id"] for row in results.accounts.to_pylist()}
    assert (tied | accounts) & {"app-2", "app-3", "app-4"} == set()
    assert all(
        "element" not in name for row in results.ties["group_ids"].to_pylist() for name in row
    )


def test_collages_of_one_photo_make_no_element(tmp_path: Path, matched: Match) -> None:
    """Three sheets of four photos show it, each in another corner."""
    pictures = {"1.jpg": jpeg(photo(1)), "again.jpg": jpeg(photo(1), 50)}
    for at in range(3):
        others = [photo(10 * at + other) for other in (12, 13, 14)]
        pictures[f"sheet-{at}.jpg"] = jpeg(panels(*others[:at], photo(1), *others[at:]))
    rows = [{"post_id": name[:-4], "media": [name]} for name in pictures]
    results = matched(make_case(tmp_path, rows, pictures, signals=("pdq", "local")))
    assert results.groups["kind"].to_pylist() == ["photo"]
    assert {row["post_id"]: row["relation"] for row in results.members.to_pylist()} == {
        "1": "copy",
        "again": "copy",
        **{f"sheet-{at}": "contains" for at in range(3)},
    }
