"""Caption keys: what is ignored, which characters are one, and how similar keys are."""

import csv
import random
import unicodedata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.embed.signals.caption_key import MIN_LENGTH, CaptionKey
from frametrace.embed.text import ngrams
from frametrace.embed.text.char_tables import INVISIBLE, key_characters, same_characters
from frametrace.embed.text.ngrams import grams, jaccard, jaccards
from frametrace.embed.text.normalize import MAX_LENGTH, key_of, keys_of, without_links


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Protesters DESTROYED the station!", "protestersdestroyedthestation"),
        ("look at https://t.co/AbC123 this", "lookatthis"),
        ("HTTP://EXAMPLE.ORG says, Www.Example.org said", "sayssaid"),
        ("www.example.org/a?b=c says", "says"),
        ("RT @someone: the same words", "thesamewords"),
        ("  rt @a @b_c @d: words @e.", "words"),
        ("art @a rt @b", "artrt"),
        ("write to name.x@example.org now", "writetonamexexampleorgnow"),
        ("香港暴徒，破坏地铁站！https://t.co/AbC123，快看", "香港暴徒破坏地铁站快看"),
        ("谢谢@somebody支持香港", "谢谢支持香港"),
        ("ＦＵＬＬ　ｗｉｄｔｈ ﬁt", "fullwidthfit"),
        ("𝐁𝐨𝐥𝐝 𝕒𝕟𝕕 ⓒⓘⓡⓒⓛⓔⓓ", "boldandcircled"),
        ("ﾊﾟｰﾃｨｰ ガ", "パーティーガ"),
        ("สวัสดีครับ ทุกคน", "สวัสดีครับทุกคน"),
        ("हिन्दी में", "हिन्दीमें"),
        ("한국어 텍스트", "한국어텍스트"),
        ("قالـــت إن", "قالتإن"),
        ("❤️ 🙂 👩‍👩‍👧 🇭🇰 1️⃣ #StandWithHK 8.18 #⃣", "standwithhk818"),
        ("Straße ΣΊΣΥΦΟΣ", "strasseσίσυφοσ"),
        ("s̶t̶r̶u̶c̶k̶ z̷̡̛a̴l̵g̶o̷", "struckzalgo"),
        ("cafe\u0301", "café"),
        ("@only https://links.example", ""),
        ("\u3164\u2800\u200b\U000e0041", ""),
        ("\ud83d alone", "alone"),
        ("", ""),
    ],
)
def test_what_copy_and_paste_changes_is_ignored(text: str, key: str) -> None:
    assert key_of(text) == unicodedata.normalize("NFKC", key)


def test_invisible_characters_change_no_key() -> None:
    text = "Breaking: они разрушили всё, 香港暴徒 שלום עולם مرحبا"
    unseen = {point for part in INVISIBLE for point in (part.start, part.stop - 1)}
    for mark in map(chr, unseen):
        assert key_of(mark.join(f" {text} ")) == key_of(text)
    for mark in "\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff":
        assert key_of(f"{text} https://t.co/A{mark}bC") == key_of(text)


PAIRS = [
    ("暴徒昨晚破坏了地铁站，没有人阻止他们", "暴徒昨晚破壞了地鐵站，沒有人阻止他們"),
    ("他看着后面的台阶，发现头发干了", "他看著後面的臺階，發現頭髮乾了"),  # as in Taiwan
    ("里面卫生间的炉子", "裏面衞生間的爐子"),  # as in Hong Kong
    ("一个男人背着链子游过湖面", "一個男人揹著鍊子游過湖面"),
]


@pytest.mark.parametrize(("simplified", "traditional"), PAIRS)
def test_simplified_and_traditional_chinese_have_one_key(simplified: str, traditional: str) -> None:
    assert key_of(simplified) == key_of(traditional)


def test_neighbours_never_change_a_character() -> None:
    text = "".join(traditional for _, traditional in PAIRS)
    assert key_of(text) == "".join(map(key_of, text))


def test_one_character_represents_each_class() -> None:
    same = same_characters()
    assert not any(other in same for other in same.values())
    assert all(len(one) == len(other) == 1 for one, other in same.items())
    assert "".join(same[one] for one in "國後臺乾謝") == "国后台干谢"
    assert key_characters()[ord("國")] == ord("国") == key_characters()[ord("国")]
    # What doesn't change: syllables of Japanese and Korean, and characters new in Japan alone.
    for text in ("ひらがなカタカナー", "대한민국", "図書館で働く"[0]):
        assert key_of(text) == text


def test_japanese_words_have_different_keys() -> None:
    texts = [
        "機械の前で写真を撮った人たち",
        "彼は机の上に本を置いて出かけた",
        "図書館は今日お休みです",
    ]
    keys = list(map(key_of, texts))
    assert len(set(keys)) == 3
    assert max(jaccard(keys[a], keys[b]) for a, b in ((0, 1), (0, 2), (1, 2))) < 0.1
    # Old and new forms of a character are one, as far as Chinese knows them; so are few others.
    assert key_of("機") == key_of("机")


def test_copies_of_a_chinese_caption_have_one_key_and_others_do_not() -> None:
    first = "暴徒昨晚破坏了地铁站，没有人阻止他们，大家都看到了"
    copy = "@user1 暴徒昨晚破壞了地鐵站 沒有人阻止他們 大家都看到了！！ https://t.co/x"
    other = "今天的天气很好，我们一起去海边散步，孩子们都很高兴"
    table = CaptionKey().compute([first, copy, other])
    keys, codes = table["key"].to_pylist(), table["code"].to_pylist()
    assert keys[0] == keys[1] != keys[2]
    assert codes[0] == codes[1] != codes[2]
    assert jaccard(keys[0], keys[2]) < 0.05


@pytest.mark.parametrize(
    ("character", "counts"), [("a", 1), ("ก", 1), ("か", 1), ("한", 1), ("港", 2), ("𠮷", 2)]
)
@pytest.mark.parametrize("length", [0, 1, 4, 5, MIN_LENGTH - 1, MIN_LENGTH, 5_000])
def test_short_keys_have_no_value(character: str, counts: int, length: int) -> None:
    table = CaptionKey().compute([character * length])
    long = counts * length >= MIN_LENGTH
    assert table["key"][0].is_valid == table["code"][0].is_valid == long


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("", ""),
        ("ab", ""),
        ("abcd", "abc bcd"),
        ("aaaaa", "aaa"),
        ("港", "港"),
        ("香港人", "香 港 人 香港 港人"),
        ("8月18日在港", "8月1 月18 18日 8日在 日在港 月 日 在 港 日在 在港"),
        ("かな漢字", "かな漢 な漢字 漢 字 漢字"),
        ("한국어", "한국어"),
    ],
)
def test_grams_are_of_three_characters_and_of_one_and_two_chinese_ones(
    key: str, expected: str
) -> None:
    text = {key[at:stop] for at in range(len(key)) for stop in range(at + 1, at + 4)}
    assert grams(key) == set(expected.split()) - {"日在港"} <= text


@pytest.mark.parametrize("texts", [[], ["one caption alone"], ["all the same words"] * 700])
def test_none_one_and_all_equal(texts: list[str]) -> None:
    table = CaptionKey().compute(texts)
    assert table.num_rows == len(texts)
    assert len(set(table["key"].to_pylist())) == min(len(texts), 1)
    assert not any(column.null_count for column in table.columns)


@pytest.mark.parametrize(
    "text",
    [
        "word " * 20_000,
        "没有空格的长文章" * 12_500,
        "a" + "\u0301\u0323" * 50_000,  # NFKC sorts marks in quadratic time
        "\ufdfa" * 33_000,  # NFKC makes eighteen letters of each
        "@" * 100_000,
        "RT " + " " * 100_000 + "@",
        "https://" * 12_500,
        "\u202e\u200f" * 50_000,
    ],
)
def test_captions_of_100_kb_are_read_to_a_bound(text: str) -> None:
    key = key_of(text)
    assert len(key) <= MAX_LENGTH
    assert key_of(text + "more") == key or len(text) < MAX_LENGTH
    assert CaptionKey().compute([text, "and a short caption"])["key"][1].is_valid


def test_few_marks_on_a_letter_are_kept() -> None:
    long = "กี่" * 2_000 + "é" * 300
    assert key_of(unicodedata.normalize("NFD", long)) == unicodedata.normalize("NFKC", long)


@given(st.lists(st.text(max_size=60), max_size=30))
def test_many_keys_at_once_are_those_of_each_alone(texts: list[str]) -> None:
    keys = keys_of(texts)
    keys.validate(full=True)
    assert keys.to_pylist() == [key_of(text) for text in texts]
    table = CaptionKey().compute(texts)
    table.validate(full=True)
    for key, kept in zip(keys.to_pylist(), table["key"].to_pylist(), strict=True):
        length = sum(1 + ("\u3400" <= character <= "\u9fff") for character in key)
        assert kept == (key if length >= MIN_LENGTH else None) or max(key) > "\uffff"


@given(st.text(max_size=80))
def test_a_key_follows_its_definition(text: str) -> None:
    """Character by character, without tables or blocks."""
    spelled = unicodedata.normalize("NFKC", without_links(text).casefold())
    unseen = {point for part in INVISIBLE for point in part}
    accents = ("COMBINING", "VARIATION SELECTOR")
    said = [
        same_characters().get(c, c)
        for c in spelled
        if (c.isalnum() or unicodedata.category(c) in ("Mn", "Mc"))
        and ord(c) not in unseen
        and c != "\u0640"
        and not (unicodedata.category(c) == "Mn" and unicodedata.name(c, "").startswith(accents))
    ]
    letters = "".join(said)
    # Some scripts name vowel signs of their own COMBINING; they stay.
    assert letters == "".join(
        c for c in key_of(text) if not unicodedata.name(c, "").startswith(accents)
    )


words = st.text(st.sampled_from("ab香港か𠮷"), max_size=40)


@given(st.lists(words, min_size=1, max_size=12), st.data())
def test_similarities_of_many_pairs_are_those_of_each(keys: list[str], data) -> None:
    rows = st.lists(st.integers(0, len(keys) - 1), max_size=40)
    a = data.draw(rows)
    b = data.draw(st.lists(st.integers(0, len(keys) - 1), min_size=len(a), max_size=len(a)))
    found = jaccards(pa.array(keys, pa.string()), np.array(a, int), np.array(b, int))
    assert found.tolist() == [jaccard(keys[x], keys[y]) for x, y in zip(a, b, strict=True)]


def test_similarities_over_many_blocks_and_of_every_plane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngrams, "_BLOCK", 5_000)
    choose = random.Random(3)
    alphabet = "abcdefgh香港\U0001f600\U0010ffff\U00020000"
    keys = ["".join(choose.choices(alphabet, k=choose.randrange(500))) for _ in range(300)]
    keys += [key[:-1] + "a" for key in keys]
    a = np.array(choose.choices(range(600), k=1_000))
    b = np.where(
        np.arange(1_000) % 2, (a + 300) % 600, np.array(choose.choices(range(600), k=1000))
    )
    found = jaccards(pa.array([*keys, None]), np.append(a, 600), np.append(b, 0))
    assert found[-1] == 0
    assert found[:-1].tolist() == [
        len(grams(keys[x]) & grams(keys[y])) / (len(grams(keys[x]) | grams(keys[y])) or 1)
        for x, y in zip(a.tolist(), b.tolist(), strict=True)
    ]


def test_the_fingerprint_names_the_characters_and_the_hash() -> None:
    """Another version of OpenCC's dictionaries, or another hash, needs another fingerprint."""
    assert CaptionKey().made_by == {
        "fingerprint": "nfkc-opencc-31c008a5-grams-minhash-affine32-64:2"
    }
    codes = CaptionKey().compute(["暴徒昨晚破壞了地鐵站", "They destroyed it"])["code"]
    assert [code[:3] for code in codes.to_pylist()] == [
        [583234423, 109971048, 89804214],
        [535319736, 273923809, 65116041],
    ]


def test_real_captions_are_neither_mixed_up_nor_lost(shared: Path) -> None:
    path = shared / "captions" / "flickr8k_test_en_zh.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for column in ("en", "zh"):
        texts = {"".join(filter(str.isalnum, row[column].casefold())) for row in rows}
        assert len(set(keys_of(row[column] for row in rows).to_pylist())) == len(texts)
