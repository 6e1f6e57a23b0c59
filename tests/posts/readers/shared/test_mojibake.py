"""Text whose bytes were each written as a character is repaired; other text is unchanged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.posts.readers.shared.mojibake import repair_mojibake

any_text = st.text(st.characters())  # lone surrogates too
sound_text = st.text(st.characters(exclude_categories=["Cs"]))


def mangled(text: str) -> str:
    return text.encode("utf-8").decode("latin-1")


@given(sound_text)
def test_text_that_meta_mangled_is_repaired(text: str) -> None:
    assert repair_mojibake(mangled(text)) == text


@given(any_text)
def test_sound_text_is_unchanged(text: str) -> None:
    found = repair_mojibake(text)
    assert found == text or mangled(found) == text


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("caf\u00c3\u00a9 \u00f0\u009f\u0090\u009c", "café 🐜"),
        ("café", "café"),
        ("Ünal", "Ünal"),
        ("香港", "香港"),
        ("caf\u00c3\u00a9 香", "caf\u00c3\u00a9 香"),
        ("cut off \u00e2\u0080", "cut off \u00e2\u0080"),
        ("\ud800", "\ud800"),
        ("", ""),
    ],
)
def test_only_text_that_is_mangled_throughout_is_changed(text: str, right: str) -> None:
    assert repair_mojibake(text) == right
