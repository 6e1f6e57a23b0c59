"""Notes on what was not compared."""

from pathlib import Path

import pytest
from making import jpeg, make_case, photo, png

from frametrace.app.not_compared_notes import notes_on
from frametrace.matcher.match_case import match_case


@pytest.mark.parametrize("flat", [0, 1, 3])
def test_pictures_too_flat_for_pdq_are_counted(tmp_path: Path, flat: int) -> None:
    pictures = {f"{at}.png": png((64, 40 + at)) for at in range(flat)}
    pictures["a.jpg"] = jpeg(photo(1))
    case = make_case(tmp_path, [{"media": [name]} for name in pictures], pictures)
    notes = [note for note in notes_on(case, *match_case(case)) if "flat" in note]
    assert notes == ([f"Pictures too flat to compare by PDQ: {flat}."] if flat else [])


def test_a_case_without_pdq_says_nothing_of_flat_pictures(tmp_path: Path) -> None:
    case = make_case(tmp_path, [{"media": ["a.png"]}], {"a.png": png((64, 40))}, ("caption_key",))
    assert not [note for note in notes_on(case, *match_case(case)) if "flat" in note]
