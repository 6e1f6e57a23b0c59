"""Keyphrases of groups: characteristic, readable in Chinese too, and independent of order."""

import csv
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.embed.text.tokenize import pieces, terms_of
from frametrace.matcher.framing.text.keyphrases import MAX_TERMS, terms_of_groups
from frametrace.matcher.framing.text.stopwords import cut_common_words, is_informative
from frametrace.matcher.framing.text.term_weights import TermWeights
from frametrace.matcher.framing.text.text_samples import NO_GROUP, TextSamples

_DAMAGE = (
    "谁来赔偿这些损失？暴徒打砸地铁站",
    "暴徒打砸地铁站，谁来赔偿？",
    "地铁站被暴徒烧毁，这些损失谁来赔偿",
    "誰來賠償被暴徒燒毀的地鐵站",
)
_TERROR = (
    "香港暴徒和恐怖分子没有区别",
    "暴徒就是恐怖分子",
    "恐怖分子毁了香港",
    "他们和恐怖分子有什么区别",
)
_STATION = (
    "Hong Kong rioters burn the subway station",
    "#HongKong rioter burned a subway station",
    "Rioters in Hong Kong: who pays for the burned subway?",
    "#hongkong who will pay, rioters?",
)


def _samples(*groups: Sequence[str], outside: Sequence[str] = ()) -> TextSamples:
    texts = [text for group in (*groups, outside) for text in group]
    numbers = [*range(len(groups)), NO_GROUP]
    sizes = [len(group) for group in (*groups, outside)]
    return TextSamples.of(texts, np.repeat(np.array(numbers), sizes), len(groups))


def _terms(*groups: Sequence[str], outside: Sequence[str] = ()) -> list[list[str]]:
    samples = _samples(*groups, outside=outside)
    return terms_of_groups(samples, TermWeights.of(samples))


def test_chinese_names_are_words_that_can_be_read() -> None:
    damage, terror = _terms(_DAMAGE, _TERROR)
    assert set(damage[:3]) == {"地铁站", "赔偿", "暴徒"}
    assert {"损失", "打砸", "烧毁"} <= set(damage)
    assert terror[0] == "恐怖分子"
    assert {"香港", "区别"} <= set(terror)


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["高爾夫球場很美", "在高爾夫球場", "去了高尔夫球场"], "高爾夫球場"),
        (["高爾夫球場很美", "在高尔夫球场", "去了高尔夫球场"], "高尔夫球场"),
        (["守護這座城市", "&#x5EA7;城市!"], "座城市"),
    ],
)
def test_names_are_written_as_most_of_the_texts_write_them(texts: list[str], name: str) -> None:
    (named,) = _terms(texts)
    assert name in named


def test_words_that_occur_together_are_one_phrase_and_forms_of_a_word_one_term() -> None:
    (named,) = _terms(_STATION)
    assert named[0] == "hong kong"
    assert "rioters" in named
    assert not {"hongkong", "kong", "hong", "rioter", "burn"} & set(named)
    assert sum(term in ("pay", "pays") for term in named) <= 1


def test_characteristic_terms_come_before_common_ones() -> None:
    rest = [f"police in town number{at}" for at in range(50)]
    farmer, kitten = _terms(
        ["farmer, beaten by police", "police: a farmer!", "farmer and police"],
        ["police saved a kitten", "kitten: rescued. Police", "the kitten that police found"],
        outside=rest,
    )
    assert farmer[:2] == ["farmer", "police"]
    assert kitten[:2] == ["kitten", "police"]


def test_a_text_pasted_500_times_counts_once_and_terms_of_several_texts_come_first() -> None:
    pasted = [f"uniquely pasted nonsense https://t.co/{at}" for at in range(500)]
    several = ["burned station, damage", "damage! A burned station", "a station full of damage"]
    (named,) = _terms(pasted + several, outside=["station"] * 30)
    assert named[:2] == ["damage", "station"]
    assert named[2] == "burned"
    assert {"uniquely", "pasted", "nonsense"} <= set(named[3:])


def test_links_mentions_numbers_and_common_words_name_nothing() -> None:
    (named,) = _terms(
        ["RT @someone: who pays 2019 for the damage? https://t.co/abc", "the damage 12:30 of 2019"]
    )
    assert named == ["damage", "pays"]


def test_numbers_that_are_names_are_kept() -> None:
    (named,) = _terms(["MH370 found in the bay", "where is #MH370?"])
    assert named[0] == "mh370"


def test_a_group_of_one_text_has_its_words_and_one_of_none_has_no_names() -> None:
    one, none, chatter = _terms(["Stop the steal in Georgia"], [], ["so true!!", "😂"])
    assert sorted(one) == ["georgia", "steal"]
    assert none == chatter == []


def test_no_groups_and_no_texts() -> None:
    assert _terms() == []
    assert _terms(outside=["who pays"]) == []


def test_terms_are_weighted_by_class_based_tf_idf() -> None:
    groups = [["burn burn the city", "burn it"], ["the city sleeps"], ["谁来赔偿"]]
    outside = ["city lights", "city lights"]
    weights = TermWeights.of(_samples(*groups, outside=outside))
    counted = Counter(
        term
        for group in (*groups, set(outside))
        for text in group
        for term in set(terms_of(pieces(text)))
    )
    average = counted.total() / 4
    for term, frequency in counted.items():
        assert weights.of_terms([term])[0] == pytest.approx(math.log(1 + average / frequency))
    assert weights.of_terms(["unheard"])[0] == pytest.approx(math.log(1 + average))


def test_256_distinct_texts_of_a_large_group_are_read() -> None:
    samples = _samples([f"text x{at % 400}y" for at in range(1_000)])
    assert len(samples.rows[0]) == 256
    assert len(set(map(samples.texts.__getitem__, samples.rows[0].tolist()))) == 256


_WORDS = (
    "burn",
    "city",
    "police",
    "谁来赔偿",
    "暴徒",
    "#HongKong",
    "ทหาร",
    "шум",
    "the",
    "@a",
    "9",
)
_TEXTS = st.lists(
    st.lists(st.sampled_from(_WORDS), max_size=5).map(" ".join) | st.text(max_size=20), max_size=8
)


@given(st.lists(_TEXTS, min_size=1, max_size=4), _TEXTS, st.integers(0, 99))
def test_the_order_of_groups_and_texts_does_not_matter(
    groups: list[list[str]], outside: list[str], seed: int
) -> None:
    random = Random(seed)
    named = _terms(*groups, outside=outside)
    order = random.sample(range(len(groups)), len(groups))
    shuffled = [random.sample(groups[at], len(groups[at])) for at in order]
    again = _terms(*shuffled, outside=random.sample(outside, len(outside)))
    assert again == [named[at] for at in order]


@given(st.lists(_TEXTS, min_size=1, max_size=3))
def test_any_texts_have_few_distinct_informative_terms(groups: list[list[str]]) -> None:
    for named in _terms(*groups):
        assert len(named) == len(set(named)) <= MAX_TERMS
        for name in named:
            assert name == name.strip()
            assert any(is_informative(word) for word in name.split())
            assert any(cut_common_words(name.replace(" ", "")))


@pytest.mark.parametrize(
    "unit",
    [
        *("字", "甲乙", "a", "word ", "w1x w2x ", "ที่", "\u202e\u0627\u0644", "#aB ", "\u200b"),
        *("哈", "a\u0301", "😂", "क्"),
    ],
)
def test_texts_of_100_kilobytes_are_named(unit: str) -> None:
    (named,) = _terms([unit * (100_000 // len(unit)) + str(at) for at in range(3)])
    assert all(len(name) < 300 for name in named)


def test_captions_of_one_picture_are_named_by_its_subject(shared: Path) -> None:
    with (shared / "captions" / "flickr8k_test_en_zh.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    pictures = {row["image"]: at for at, row in enumerate(rows[::5])}
    texts = [row[language] for language in ("en", "zh") for row in rows]
    group = np.array([pictures[row["image"]] for row in rows] * 2)
    group[group >= 200] = NO_GROUP
    samples = TextSamples.of(texts, group, 200)
    named = terms_of_groups(samples, TermWeights.of(samples))
    assert all(len(some) >= 5 for some in named)
    said = [" ".join(texts[row] for row in rows).casefold() for rows in samples.rows]
    for some, text in zip(named, said, strict=True):
        assert sum(term in text for term in some) >= len(some) - 2  # 伕 is read 夫
    assert len({tuple(some) for some in named}) == 200
