"""Terms: the words of a text in any script, whatever the text is."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.embed.text.tokenize import (
    MAX_CHARACTERS,
    character_ngrams,
    characters,
    pieces,
    terms_of,
)

# Letters of many scripts, marks, emoji, and what is not seen: joiners, bidirectional controls.
_TEXTS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "aZé#_@'\u2019 \n香港台臺ไทยที่มำ\u0e4d\u0e32كتَابـ\u200b\u200d\u202e\ufeff\u0301😂9"
        ),
    ),
    max_size=60,
)


def terms(text: str) -> list[str]:
    return list(terms_of(pieces(text)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Who PAYS for this?", ["who", "pays", "for", "this"]),
        ("RT @someone: pays https://t.co/AbC123 today", ["pays", "today"]),
        ("don't l'étranger China’s", ["don", "t", "l", "étranger", "china", "s"]),
        ("Q&amp;A", ["q", "a"]),
        ("#PrayForMH370 #stop_the_war", ["pray", "for", "mh370", "stop", "the", "war"]),
        ("#NASA #USAToday #hongkong", ["nasa", "usa", "today", "hongkong"]),
        ("Ｆｕｌｌ ｗｉｄｔｈ ﬁne", ["full", "width", "fine"]),
        ("誰來賠償", ["谁来", "来赔", "赔偿", "谁来赔", "来赔偿"]),
        ("Google地图 是", ["google", "地图", "是"]),
        ("น้ำ", ["น้ำ"]),
        ("ที่นี้", ["ที่นี้"]),
        ("パーティー", ["パー", "ーテ", "ティ", "ィー", "パーテ", "ーティ", "ティー"]),
        ("경찰이 왜", ["경찰이", "왜"]),
        ("الحَرب قالـــت", ["الحرب", "قالت"]),
        ("pro\u200btest \u202eevil", ["protest", "evil"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("s̶t̶r̶u̶c̶k̶", ["struck"]),
        ("😂😂 ❤️ !!! ...", []),
        ("@someone https://links.example", []),
        ("", []),
    ],
)
def test_terms_are_words_or_neighbouring_characters(text: str, found: list[str]) -> None:
    assert terms(text) == found


def test_traditional_and_simplified_chinese_have_the_same_terms() -> None:
    assert terms("誰來賠償這些損失？") == terms("谁来赔偿这些损失？")
    assert terms("臺灣的選舉舞弊") == terms("台湾的选举舞弊")


def test_pieces_know_hashtags_and_what_follows_what() -> None:
    found = list(pieces("#香港police 烧, burn #CityOfFire now"))
    assert [piece.text for piece in found] == [
        *("香港", "police", "烧", "burn", "city", "of", "fire", "now")
    ]
    assert [piece.hashtag for piece in found] == [True, True, False, False, True, True, True, False]
    assert [piece.spaceless for piece in found] == [True, False, True, *[False] * 5]
    assert [piece.follows for piece in found] == [False, True, True, False, True, True, True, True]


def test_a_hashtag_of_weibo_ends_at_its_second_mark() -> None:
    found = list(pieces("#香港# 谁来赔偿"))
    assert [(piece.text, piece.hashtag) for piece in found] == [("香港", True), ("谁来赔偿", False)]


def test_a_character_is_a_letter_with_its_marks() -> None:
    assert characters("ที่ดี") == ["ที่", "ดี"]
    assert characters("香港") == ["香", "港"]
    assert list(character_ngrams(["香"])) == ["香"]
    assert list(character_ngrams([])) == []


@given(_TEXTS)
def test_any_text_has_terms_without_spaces_in_one_spelling(text: str) -> None:
    for term in terms(text):
        assert term
        assert not any(character.isspace() for character in term)
        assert not any(unicodedata.category(character) in ("Cf", "Cc", "Cs") for character in term)


@given(_TEXTS)
def test_invisible_characters_change_no_terms(text: str) -> None:
    text = text.replace("@", "").replace("/", "").replace("&", "")
    plain = terms(text)
    assert terms(f"\u202b\ufeff{text}\u200b") == plain


@pytest.mark.parametrize(
    "text",
    [
        *("字" * 100_000, "a" * 100_000, "ที่" * 33_000, "#aB" * 33_000, "#" * 100_000),
        *("a" + "\u0300\u0323" * 50_000, "\ufdfa" * 100_000, "&amp;" * 20_000, "http://" * 15_000),
        *("@" * 100_000, "\u200b" * 100_000, "#" + "A_" * 50_000, "😂" * 50_000, " " * 100_000),
    ],
)
def test_a_text_of_100_kilobytes_has_no_more_terms_than_its_beginning(text: str) -> None:
    found = terms(text)
    assert len(found) <= 4 * MAX_CHARACTERS
    assert all(len(term) <= 64 for term in found)


@given(st.text(st.characters(codec="ascii", exclude_characters="#"), max_size=200))
def test_texts_of_ascii_have_the_pieces_that_they_have_among_others(text: str) -> None:
    *found, last = pieces(f"{text} é")
    assert last.text == "é"
    assert list(pieces(text)) == found
