"""Notes on what was not compared."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import jpeg, make_case, photo, png, put_codes

from frametrace.app.not_compared_notes import notes_on
from frametrace.app.unread_captions import unread_captions
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


def test_captions_that_the_model_does_not_read_are_counted_by_language(tmp_path: Path) -> None:
    hindi = [f"पुलिस ने कल रात स्टेशन के पास भीड़ पर आंसू गैस के गोले दागे {at}" for at in range(3)]
    hebrew = ["אמש ירתה המשטרה גז מדמיע לעבר הקהל ליד התחנה"]
    texts = [*hindi, *hebrew, "The police fired tear gas at the crowd", "😡😡😡 123"]
    case = make_case(tmp_path, [{"text": text} for text in texts], signals=("caption_key",))
    codes: dict[str, Any] = {hashlib.sha256(text.encode()).hexdigest(): None for text in texts}
    assert unread_captions(case) == ""
    codes[hashlib.sha256(texts[4].encode()).hexdigest()] = np.eye(1, 8, dtype=np.float32)[0]
    case = put_codes(case, "caption", codes)
    note = (
        "Captions that the caption model could not read, compared only by wording: "
        "Hindi 3, Hebrew 1."
    )
    assert unread_captions(case) == note
    assert note in notes_on(case, *match_case(case))
