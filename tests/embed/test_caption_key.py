"""Caption keys: what is set aside, and how MinHash values estimate likeness."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frametrace.embed.signals.caption_key import (
    MIN_LENGTH,
    PERMUTATIONS,
    CaptionKey,
    jaccard,
    key_of,
    minhash,
    trigrams,
)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Protesters DESTROYED the station!", "protestersdestroyedthestation"),
        ("look at https://t.co/AbC123 this", "lookatthis"),
        ("www.example.org/a?b=c says", "says"),
        ("RT @someone: the same words", "thesamewords"),
        ("rt @a @b_c @d: words @e.", "words"),
        ("write to name.x@example.org now", "writetonamexexampleorgnow"),
        ("香港暴徒，破坏地铁站！https://t.co/AbC123，快看", "香港暴徒破坏地铁站快看"),
        ("谢谢@somebody支持香港", "谢谢支持香港"),
        ("ＦＵＬＬ　ｗｉｄｔｈ ﬁt", "fullwidthfit"),
        ("สวัสดีครับ ทุกคน", "สวัสดีครับทุกคน"),
        ("हिन्दी में", "हिन्दीमें"),
        ("❤️ 🙂 #StandWithHK 8.18", "standwithhk818"),
        ("Straße", "strasse"),
        ("@only https://links.example", ""),
        ("", ""),
    ],
)
def test_what_copy_and_paste_changes_is_set_aside(text: str, key: str) -> None:
    assert key_of(text) == unicodedata.normalize("NFKC", key)


def test_copies_of_a_chinese_caption_have_one_key_and_others_do_not() -> None:
    first = "暴徒昨晚破坏了地铁站，没有人阻止他们，大家都看到了"
    copy = "@user1 暴徒昨晚破坏了地铁站 没有人阻止他们 大家都看到了！！ https://t.co/x"
    other = "今天的天气很好，我们一起去海边散步，孩子们都很高兴"
    table = CaptionKey().compute([first, copy, other])
    keys, codes = table["key"].to_pylist(), table["code"].to_pylist()
    assert keys[0] == keys[1] != keys[2]
    assert codes[0] == codes[1] != codes[2]
    assert jaccard(keys[0], keys[2]) == 0


@pytest.mark.parametrize("length", [0, 1, MIN_LENGTH - 1, MIN_LENGTH, 5_000])
def test_short_keys_have_no_value(length: int) -> None:
    table = CaptionKey().compute(["a" * length])
    assert table["key"][0].is_valid == table["code"][0].is_valid == (length >= MIN_LENGTH)


words = st.text(st.sampled_from("abcdefgh香港地铁"), min_size=30, max_size=400)


@settings(max_examples=200, deadline=None)
@given(words, st.data())
def test_the_share_of_equal_values_estimates_the_jaccard_similarity(text: str, data) -> None:
    changed = list(text)
    for at in data.draw(st.lists(st.integers(0, len(text) - 1), max_size=12)):
        changed[at] = "z"
    other = "".join(changed)
    exact = len(trigrams(text) & trigrams(other)) / len(trigrams(text) | trigrams(other))
    assert jaccard(text, other) == jaccard(other, text) == exact
    estimate = (minhash(text) == minhash(other)).mean()
    # Five standard errors of 64 independent hash functions, and one value more.
    assert (
        abs(estimate - exact) <= 5 * np.sqrt(exact * (1 - exact) / PERMUTATIONS) + 1 / PERMUTATIONS
    )


def test_the_estimate_has_no_bias_and_the_stated_error() -> None:
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(600):
        text = "".join(rng.choice(list("abcdefghij"), 120))
        other = text[:100] + "".join(rng.choice(list("abcdefghij"), 20))
        errors.append((minhash(text) == minhash(other)).mean() - jaccard(text, other))
    assert abs(np.mean(errors)) < 0.01
    assert np.std(errors) < 0.065


def test_a_long_text_is_hashed_in_blocks_to_the_same_values() -> None:
    rng = np.random.default_rng(2)
    text = "".join(map(chr, rng.integers(0x4E00, 0x9FFF, 20_000)))
    parts = [text[at : at + 3002] for at in range(0, len(text), 3000)]
    together = np.min([minhash(part) for part in parts if len(part) > 2], axis=0)
    assert np.array_equal(minhash(text), together)
