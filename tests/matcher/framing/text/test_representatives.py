"""The language of short captions, and the texts that represent a group in each language."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.embed.text.languages import language_of, languages_of
from frametrace.matcher.framing.text.representatives import MAX_LANGUAGES, representatives
from frametrace.matcher.framing.text.term_weights import TermWeights
from frametrace.matcher.framing.text.text_samples import NO_GROUP, TextSamples

_CAPTIONS = {
    "en": (
        "who pays for this damage?",
        "police let the mob burn our city",
        "they call themselves peaceful protesters",
        "stop the violence in hong kong",
        "these rioters are paid from abroad",
        "cockroaches destroyed the subway station",
    ),
    "es": (
        "¿quién paga por estos daños?",
        "la policía deja que quemen la ciudad",
        "se llaman a sí mismos manifestantes pacíficos",
        "alto a la violencia ya",
        "terroristas pagados desde el extranjero",
        "destruyeron la estación del metro",
    ),
    "fr": (
        "qui paie pour ces dégâts ?",
        "la police laisse brûler la ville",
        "ils se disent manifestants pacifiques",
        "halte à la violence",
        "des émeutiers payés par l'étranger",
        "ils ont détruit la station de métro",
    ),
    "de": (
        "wer bezahlt diesen Schaden?",
        "die Polizei lässt die Stadt brennen",
        "sie nennen sich friedliche Demonstranten",
        "Schluss mit der Gewalt",
        "vom Ausland bezahlte Randalierer",
        "sie haben den Bahnhof zerstört",
    ),
    "pt": (
        "quem paga por estes danos?",
        "a polícia deixa queimar a cidade",
        "dizem que são manifestantes pacíficos",
        "chega de violência",
        "baderneiros pagos pelo estrangeiro",
        "destruíram a estação do metrô",
    ),
    "it": (
        "chi paga per questi danni?",
        "la polizia lascia bruciare la città",
        "si dicono manifestanti pacifici",
        "basta con la violenza",
        "teppisti pagati dall'estero",
        "hanno distrutto la stazione",
    ),
    "id": (
        "siapa yang membayar kerusakan ini?",
        "polisi membiarkan kota terbakar",
        "mereka mengaku demonstran damai",
        "hentikan kekerasan sekarang",
        "perusuh dibayar dari luar negeri",
        "mereka merusak stasiun kereta",
    ),
    "tr": (
        "bu zararı kim ödeyecek?",
        "polis şehrin yanmasına izin verdi",
        "kendilerine barışçıl gösterici diyorlar",
        "şiddete son verin",
        "yabancılar tarafından para alan isyancılar",
        "metro istasyonunu yıktılar",
    ),
    "vi": (
        "ai sẽ trả tiền cho thiệt hại này?",
        "cảnh sát để thành phố bốc cháy",
        "họ tự gọi mình là người biểu tình ôn hòa",
        "hãy chấm dứt bạo lực",
        "những kẻ bạo loạn được trả tiền",
        "chúng phá hủy nhà ga",
    ),
    "ru": (
        "кто заплатит за этот ущерб?",
        "полиция позволила сжечь город",
        "они называют себя мирными протестующими",
        "остановите насилие",
        "погромщикам платят из-за границы",
        "они разрушили станцию метро",
    ),
    "uk": (
        "хто заплатить за ці збитки?",
        "поліція дозволила спалити місто",
        "вони називають себе мирними протестувальниками",
        "зупиніть насильство",
        "погромникам платять з-за кордону",
        "вони зруйнували станцію метро",
    ),
    "ar": (
        "من يدفع ثمن هذا الدمار؟",
        "الشرطة تركت المدينة تحترق",
        "يسمون أنفسهم متظاهرين سلميين",
        "أوقفوا العنف",
        "مشاغبون مدفوعون من الخارج",
        "لقد دمروا محطة المترو",
    ),
    "fa": (
        "چه کسی هزینه این خسارت را می‌دهد؟",
        "پلیس گذاشت شهر بسوزد",
        "خود را معترضان مسالمت‌جو می‌نامند",
        "خشونت را متوقف کنید",
        "آشوبگران از خارج پول می‌گیرند",
        "آنها ایستگاه مترو را خراب کردند",
    ),
    "pl": (
        "kto zapłaci za te szkody?",
        "policja pozwoliła spalić miasto",
        "nazywają siebie pokojowymi demonstrantami",
        "dość przemocy",
        "chuligani opłacani z zagranicy",
        "zniszczyli stację metra",
    ),
    "nl": (
        "wie betaalt deze schade?",
        "de politie laat de stad branden",
        "ze noemen zich vreedzame betogers",
        "stop het geweld",
        "relschoppers betaald vanuit het buitenland",
        "ze hebben het station vernield",
    ),
}


@pytest.mark.parametrize(
    ("text", "language"), [(text, code) for code, texts in _CAPTIONS.items() for text in texts]
)
def test_the_language_of_a_short_caption_is_detected_or_undetermined(
    text: str, language: str
) -> None:
    assert language_of(text) == language or language_of(text).startswith("und-")


def test_nearly_all_short_captions_in_15_languages_are_detected() -> None:
    correct = [language_of(text) == code for code, texts in _CAPTIONS.items() for text in texts]
    assert sum(correct) >= 86
    assert len(correct) == 90


@pytest.mark.parametrize(
    ("text", "language"),
    [
        *(("谁来赔偿这些损失", "zh"), ("誰來賠償", "zh"), ("駅が燃えている", "ja"), ("テロ", "ja")),
        *(("ใครจะจ่าย", "th"), ("누가 보상하나", "ko"), ("ποιος πληρώνει", "el"), ("מי ישלם", "he")),
        *(("কে দেবে", "bn"), ("யார்", "ta"), ("ვინ", "ka"), ("ឆេះ", "km"), ("", "und")),
        *(("😂 123 !!", "und"), ("https://example.org @someone", "und"), ("MH370?", "und-Latn")),
        *(("香港 @someone https://t.co/abcdefgh", "zh"), ("谁来赔偿 #HK", "zh")),
    ],
)
def test_a_script_of_one_language_determines_it(text: str, language: str) -> None:
    assert language_of(text) == language


def test_a_text_of_uncertain_language_gets_that_of_the_others_in_its_script() -> None:
    assert languages_of(["MH370?", "where did they find the plane", "香港"]) == ["en", "en", "zh"]
    assert languages_of(["MH370?", "香港"]) == ["und-Latn", "zh"]
    assert languages_of([]) == []


def test_captions_of_pictures_are_english_and_chinese(shared: Path) -> None:
    with (shared / "captions" / "flickr8k_test_en_zh.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:1_000]
    english = Counter(language_of(row["en"]) for row in rows)
    assert english["en"] >= 985
    assert english["en"] + english["und-Latn"] >= 999
    assert sum(language_of(row["zh"]) == "zh" for row in rows) >= 999


_ENGLISH = (
    "who pays for the damage of the subway station?",
    "who pays for this damage?",
    "somebody has to pay for this burned station",
)
_CHINESE = ("谁来赔偿地铁站的损失？", "谁来赔偿地铁站？", "地铁站的损失让暴徒来还")


def _representatives(*groups: Sequence[str]) -> list[list[tuple[str, str]]]:
    texts = [text for group in groups for text in group]
    group = np.repeat(np.arange(len(groups)), [len(some) for some in groups])
    samples = TextSamples.of(texts, group, len(groups))
    found = representatives(samples, TermWeights.of(samples))
    return [[(language, texts[row]) for language, row in some] for some in found]


def test_one_text_represents_a_group_in_each_language() -> None:
    (found,) = _representatives((*_ENGLISH, *_CHINESE[:2]))
    assert [language for language, _ in found] == ["en", "zh"]
    assert found[0][1] in _ENGLISH[:2]


def test_the_representative_is_most_similar_to_the_others() -> None:
    (found,) = _representatives(
        [
            "police beat farmer",
            "police beat farmer today in Xanadu",
            "police beat a goat",
            "beat it",
        ]
    )
    assert found[0][1].startswith("police beat")


def test_of_equally_similar_texts_the_first_in_order_is_chosen() -> None:
    texts = ("alpha riot in the city", "omega riot in the city")
    assert _representatives(texts[::-1])[0][0][1] == texts[0]
    assert _representatives(texts)[0][0][1] == texts[0]


def test_there_are_at_most_four_languages_and_none_with_too_few_texts() -> None:
    texts = ["谁来赔偿", "누가 보상하나", "ใครจะจ่าย", "ποιος πληρώνει", "מי ישלם", "テロ"]
    (found,) = _representatives(texts)
    assert len(found) == MAX_LANGUAGES
    many = [f"the police burned station x{at}y of the city" for at in range(30)]
    (found,) = _representatives([*many, "谁来赔偿"])
    assert [language for language, _ in found] == ["en"]


def test_groups_without_letters_have_no_representative() -> None:
    assert _representatives([], ["😂", "..."], ["谁来赔偿"]) == [[], [], [("zh", "谁来赔偿")]]


_TEXTS = st.lists(
    st.sampled_from((*_ENGLISH, *_CHINESE, "кто заплатит", "MH370", "😂")) | st.text(max_size=20),
    max_size=8,
)


@given(st.lists(_TEXTS, min_size=1, max_size=3), st.integers(0, 99))
def test_the_order_of_groups_and_texts_does_not_matter(groups: list[list[str]], seed: int) -> None:
    random = Random(seed)
    found = _representatives(*groups)
    order = random.sample(range(len(groups)), len(groups))
    again = _representatives(*(random.sample(groups[at], len(groups[at])) for at in order))
    assert again == [found[at] for at in order]


def test_texts_in_no_group_represent_nothing() -> None:
    samples = TextSamples.of(["who pays", "谁来赔偿"], np.array([NO_GROUP, 0]), 1)
    assert representatives(samples, TermWeights.of(samples)) == [[("zh", 1)]]


@pytest.mark.parametrize("unit", ["字", "a ", "ที่", "\u202e\u0627", "#aB ", "\u200b", "क्", "ё"])
def test_texts_of_100_kilobytes_have_a_language(unit: str) -> None:
    assert language_of(unit * (100_000 // len(unit)))
