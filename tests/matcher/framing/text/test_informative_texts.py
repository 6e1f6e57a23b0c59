"""Which texts say enough: invented chatter and framings of seven languages, and real captions."""

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.matcher.framing.text.informative_texts import (
    MIN_CONTENT,
    commonness_weights,
    informative_words,
    says_enough,
)
from frametrace.matcher.framing.text.stopwords import common_words, cut_common_words

# ruff: noqa: E501
# fmt: off
_CHATTER = {
    "en": (
        "breaking", "BREAKING NEWS", "wow", "Wow!!! just wow", "so true!!",
        "This is so true", "good morning everyone", "Good night all", "OMG look at this",
        "omg omg omg", "lol", "hahahaha", "Happy new year!", "happy birthday",
        "please share", "Share this with your friends", "follow me for more",
        "Follow and retweet", "check this out", "watch this video", "photo of the day",
        "no words", "no comment", "thoughts?", "what do you think?", "I can't believe it",
        "must see!", "you have to see this", "thank you so much", "have a nice day",
        "see you tomorrow", "like and subscribe", "link in bio", "read more here",
        "Awesome pic", "so beautiful", "very sad", "amazing!!!", "this is crazy",
        "what is going on here",
    ),
    "zh-Hans": (
        "突发", "突发新闻", "哇", "哇塞太厉害了", "说得对", "说得太对了！", "早上好", "大家早上好", "晚安", "哈哈哈哈", "快来看",
        "大家快看看这个", "转发", "请转发", "求转发，谢谢", "新年快乐", "生日快乐", "谢谢大家", "太美了", "不敢相信", "真的吗？",
        "你怎么看？", "关注我", "点赞", "视频", "看图", "最新消息", "加油", "支持", "赞一个",
    ),
    "zh-Hant": (
        "突發", "突發新聞", "哇", "說得對", "說得太對了", "早安", "大家早安", "晚安各位", "哈哈哈", "快來看", "請轉發",
        "大家快看", "新年快樂", "生日快樂", "謝謝大家", "太美了", "真的嗎？", "你怎麼看？", "請關注", "最新消息",
    ),
    "es": (
        "última hora", "noticia de última hora", "guau", "¡guau, qué bueno!", "tan cierto",
        "qué razón tienes", "buenos días", "buenos días a todos", "buenas noches amigos",
        "jajajaja", "mira esto", "miren este video", "comparte", "por favor compartir",
        "feliz año nuevo", "feliz cumpleaños", "muchas gracias", "gracias a todos",
        "sin palabras", "no lo puedo creer", "¿qué opinan?", "sígueme para más",
        "qué hermoso", "foto del día", "increíble!!!", "dale like", "más información aquí",
        "jeje", "hola a todos", "dios mío",
    ),
    "th": (
        "ด่วน", "ข่าวด่วน", "ว้าว", "ว้าว สุดยอด", "จริงครับ", "จริงที่สุดเลยค่ะ",
        "สวัสดีตอนเช้า", "สวัสดีครับทุกคน", "ราตรีสวัสดิ์", "5555555", "ดูนี่สิ",
        "ดูคลิปนี้", "ฝากแชร์ด้วยครับ", "ช่วยแชร์กันหน่อย", "สวัสดีปีใหม่",
        "สุขสันต์วันเกิด", "ขอบคุณค่ะ", "ขอบคุณมากครับ", "สวยมาก", "ไม่น่าเชื่อ",
        "เห็นด้วยครับ", "คิดว่าไงครับ", "ฝากติดตามด้วยนะคะ", "เยี่ยมไปเลย", "สู้ๆ ครับ",
        "ฮ่าๆๆ", "น่ารักจัง", "โอ้โห", "ดีมากครับ", "เป็นกำลังใจให้ครับ",
    ),
    "ar": (
        "عاجل", "خبر عاجل", "واو", "واو رائع", "صحيح جدا", "كلام صحيح", "صباح الخير",
        "صباح الخير جميعا", "مساء الخير", "ههههههه", "انظروا إلى هذا", "شاهد هذا الفيديو",
        "شارك", "انشر من فضلك", "كل عام وأنتم بخير", "عيد ميلاد سعيد", "شكرا لكم",
        "شكرا جزيلا", "لا تعليق", "لا أصدق", "ما رأيكم؟", "تابعني", "ما شاء الله",
        "سبحان الله", "جميل جدا", "صورة اليوم", "يا إلهي", "السلام عليكم", "الحمد لله",
        "تصبحون على خير",
    ),
    "ru": (
        "срочно", "срочные новости", "вау", "вау, круто", "точно!", "как это верно",
        "доброе утро", "всем доброе утро", "спокойной ночи", "ахахахаха", "смотрите",
        "посмотрите на это", "репост", "поделитесь пожалуйста", "с новым годом",
        "с днём рождения", "спасибо", "всем большое спасибо", "нет слов",
        "не могу поверить", "что думаете?", "подписывайтесь", "очень красиво", "фото дня",
        "ничего себе", "ставьте лайки", "подробнее здесь", "привет всем", "боже мой",
        "ужас",
    ),
    "none": (
        "https://example.org/a", "www.example.org", "😂😂😂", "❤️", "#news", "#breaking #news",
        "@someone", "RT @someone: https://example.org/a", "!!!", "...", "2019",
        "10/08/2019 12:30", "#video", "👍👍 @someone", "", "   ", "#foto", "#新闻", "#новости",
        "#ข่าว",
    ),
}
# Invented after the lists of common words were closed: what they miss shows here.
_CHATTER_SINCE = {
    "en": (
        "my goodness", "this made my day", "best thing I saw today",
        "can somebody explain this?", "just saw this", "ha ha classic", "take a look",
        "well said", "how is this possible", "big news coming", "stay tuned", "throwback",
        "goals", "I have no idea what to say", "look what I found", "sounds about right",
        "never gets old", "big if true",
    ),
    "zh-Hans": (
        "太搞笑了", "笑死我了", "快来围观", "周末愉快", "今天天气真好", "看完再说", "不解释", "你懂的", "有图有真相", "大家怎么看？",
        "收到", "太可怕了", "内容如图", "顶一个", "国庆快乐",
    ),
    "zh-Hant": (
        "太搞笑了", "笑死我了", "快來圍觀", "週末愉快", "今天天氣真好", "看完再說", "不解釋", "你懂的", "有圖有真相", "大家怎麼看？",
    ),
    "es": (
        "qué risa", "no tengo palabras", "me encanta", "a ver qué les parece",
        "feliz fin de semana", "para pensar", "ojo con esto", "así es", "sin comentarios",
        "lo mejor que he visto hoy",
    ),
    "th": (
        "ขำมาก", "พูดไม่ออก", "สุขสันต์วันหยุด", "ใครเห็นแล้วบ้าง", "เจอกันพรุ่งนี้",
        "ลองดู", "รักเลย", "อ่านต่อ", "ถูกต้องครับ", "ขออนุญาตแชร์นะคะ",
    ),
    "ar": (
        "مضحك جدا", "بدون تعليق", "جمعة مباركة", "الله أكبر", "هل هذا معقول؟", "شوفوا هذا",
        "اسعد الله صباحكم", "لا حول ولا قوة إلا بالله", "مساء النور", "أهلا وسهلا",
    ),
    "ru": (
        "ржу не могу", "без комментариев", "хороших выходных", "кто уже видел?",
        "делаем выводы", "вот это да", "просто бомба", "полностью согласен", "до завтра",
        "читать далее",
    ),
}
_FRAMINGS = {
    "en": (
        "who pays for this damage?", "Who will pay for all the damage?",
        "protesters are terrorists", "these rioters are paid from abroad",
        "They burn our city and call it freedom", "police let the mob burn our city",
        "cockroaches destroyed the subway station", "no different from ISIS",
        "the vaccine makes you magnetic", "bridges to nowhere, taxes everywhere",
        "stolen election", "crisis actors again", "Soros funds the migrant caravan",
        "they spread the virus on purpose", "our borders are wide open",
        "the media hides the truth about crime", "NATO started this war",
        "black clad thugs beat an old man", "CIA behind the riots",
        "farmers are being robbed", "no jobs, no homes, all for migrants",
        "fake wounds, fake blood",
    ),
    "zh-Hans": (
        "谁来赔偿这些损失", "这些损失谁来赔偿？", "暴徒打砸地铁站", "废青收了外国的钱", "他们和恐怖分子没有区别", "香港不能再乱下去了",
        "止暴制乱，恢复秩序", "烧毁我们的城市还说自由", "警察为什么不抓人", "疫苗有毒", "选举舞弊", "美国黑手", "媒体隐瞒真相", "黑衣人殴打老人",
        "病毒是美国造的", "还我平静生活", "港独分子祸害香港", "外国势力操纵暴乱", "他们毁了我们的家园", "法官放走暴徒", "记者都是假的",
        "农民被抢劫",
    ),
    "zh-Hant": (
        "誰來賠償這些損失", "這些損失誰來賠償？", "暴徒打砸地鐵站", "廢青收了外國的錢", "他們和恐怖分子沒有區別", "香港不能再亂下去了",
        "止暴制亂，恢復秩序", "燒毀我們的城市還說自由", "警察為什麼不抓人", "疫苗有毒", "選舉舞弊", "美國黑手", "媒體隱瞞真相", "黑衣人毆打老人",
        "病毒是美國造的", "還我平靜生活", "港獨分子禍害香港", "外國勢力操縱暴亂", "他們毀了我們的家園", "法官放走暴徒", "記者都是假的",
        "農民被搶劫",
    ),
    "es": (
        "¿quién paga por estos daños?", "los manifestantes son terroristas",
        "queman nuestra ciudad y lo llaman libertad",
        "vándalos pagados desde el extranjero", "la vacuna te vuelve magnético",
        "elecciones robadas", "destruyeron la estación del metro", "igual que el ISIS",
        "los medios ocultan la verdad", "Soros financia la caravana",
        "fronteras abiertas, crimen libre", "la OTAN empezó la guerra",
        "encapuchados golpean a un anciano", "el virus salió de un laboratorio",
        "nos roban a los campesinos", "heridas falsas, sangre falsa",
    ),
    "th": (
        "ใครจะจ่ายค่าเสียหาย", "ผู้ชุมนุมเผาบ้านเผาเมือง",
        "รับเงินต่างชาติมาก่อความวุ่นวาย", "พวกชังชาติ", "วัคซีนทำให้เป็นแม่เหล็ก",
        "ทหารปกป้องประชาชน", "ล้มล้างสถาบัน", "โกงเลือกตั้ง", "สื่อปิดบังความจริง",
        "ไวรัสมาจากห้องแล็บ", "ม็อบทำร้ายคนแก่", "ฝรั่งอยู่เบื้องหลังม็อบ",
        "นักการเมืองโกงกิน", "คนไทยไม่เอาม็อบ", "เลือดปลอม แผลปลอม", "ชาวนาถูกปล้น",
    ),
    "ar": (
        "من يدفع ثمن هذا الدمار؟", "المتظاهرون إرهابيون", "يحرقون مدينتنا ويسمونها حرية",
        "مشاغبون مدفوعون من الخارج", "اللقاح يجعلك مغناطيسا", "انتخابات مزورة",
        "دمروا محطة المترو", "لا فرق بينهم وبين داعش", "الإعلام يخفي الحقيقة",
        "الفيروس خرج من مختبر", "ملثمون يضربون رجلا مسنا", "الناتو بدأ الحرب",
        "حدودنا مفتوحة للمجرمين", "يسرقون الفلاحين", "دماء مزيفة وجروح مزيفة",
        "السفارات تمول الشغب",
    ),
    "ru": (
        "кто заплатит за этот ущерб?", "протестующие — террористы",
        "сжигают наш город и зовут это свободой", "погромщикам платят из-за границы",
        "вакцина делает вас магнитом", "украденные выборы", "разрушили станцию метро",
        "ничем не лучше ИГИЛ", "СМИ скрывают правду", "вирус создан в лаборатории",
        "НАТО начало войну", "молодчики в масках избили старика",
        "границы открыты для преступников", "крестьян грабят",
        "поддельная кровь, поддельные раны", "посольства оплачивают беспорядки",
    ),
}
# fmt: on
_ONE_WORD = ("no different from ISIS", "igual que el ISIS")  # that says something


def _all(phrases: dict[str, tuple[str, ...]]) -> list[str]:
    return [phrase for listed in phrases.values() for phrase in listed]


@pytest.mark.parametrize("phrase", _all(_CHATTER))
def test_chatter_says_too_little(phrase: str) -> None:
    assert not says_enough([phrase])[0]


@pytest.mark.parametrize("phrase", [one for one in _all(_FRAMINGS) if one not in _ONE_WORD])
def test_framings_say_enough(phrase: str) -> None:
    assert says_enough([phrase])[0]


def test_most_chatter_that_the_lists_were_not_written_for_says_too_little() -> None:
    assert says_enough(_all(_CHATTER_SINCE)).mean() <= 0.13  # 10 of 83


def test_chatter_and_framings_are_distinguished_within_one_case_too() -> None:
    phrases = _all(_CHATTER) + [one for one in _all(_FRAMINGS) if one not in _ONE_WORD]
    assert says_enough(phrases).tolist() == [says_enough([one])[0] for one in phrases]


def test_stretched_words_and_laughter_say_nothing() -> None:
    for text in (
        "soooo goooood",
        "hahahahaha",
        "สุดยอดดดดด",
        "jajajajaja",
        "哈哈哈哈",
        "55555",
        "lololol",
        "ахахаха",
    ):
        assert not informative_words(text), text
    assert informative_words("banana republic") == {"banana": 1.0, "republic": 1.0}


def test_words_of_hashtags_count_half_and_every_word_once() -> None:
    assert informative_words("#Riot in #HongKong") == {"riot": 0.5, "hong": 0.5, "kong": 0.5}
    assert informative_words("riot #riot riot") == {"riot": 1.0}


def test_two_chinese_characters_or_three_others_are_a_word() -> None:
    assert sum(informative_words("暴徒打砸").values()) == 2
    assert sum(informative_words("テロリスト").values()) == pytest.approx(5 / 3)
    assert sum(informative_words("ม็อบเผาเมือง").values()) == pytest.approx(7 / 3)
    assert informative_words("暴") == {"暴": 0.5}


def test_common_words_are_cut_out_of_text_without_spaces() -> None:
    assert list(cut_common_words("谁来赔偿这些损失")) == ["来赔偿", "损失"]
    assert list(cut_common_words("")) == []
    assert "来" in common_words().weak


def test_informative_english_words_are_not_function_words_of_another_language() -> None:
    assert "war" not in common_words().words
    assert {"the", "der", "und", "что", "من"} <= common_words().words


def test_words_count_less_the_more_texts_contain_them() -> None:
    counted = commonness_weights(np.array([0, 1, 1_000, 10_000, 50_000, 100_000]), 95_000)
    assert counted[0] == counted[1] == counted[2] == 1
    assert counted[3] == pytest.approx(0.5)
    assert counted[4] == counted[5] == 0.25
    assert commonness_weights(np.array([10]), 10)[0] == 1  # a small case can't tell


def test_words_in_most_texts_of_a_large_case_count_as_chatter() -> None:
    held = [f"king number{at} palace x{at}y" for at in range(9_000)]
    enough = says_enough([*held, "palace king", "palace garden"])
    assert enough.tolist() == [True] * 9_000 + [False, False]
    assert says_enough(["palace king", "palace garden"]).all()


def test_all_captions_equal_one_and_none() -> None:
    assert says_enough([]).shape == (0,)
    assert says_enough([]).dtype == bool
    assert says_enough(["protesters burned the station"] * 40).all()
    assert not says_enough([""]).any()


@given(st.lists(st.text(max_size=40), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_texts_does_not_matter(
    texts: list[str], random: "np.random.Generator"
) -> None:
    order = list(range(len(texts)))
    random.shuffle(order)  # type: ignore[arg-type]
    shuffled = says_enough([texts[at] for at in order])
    assert shuffled.tolist() == says_enough(texts)[order].tolist()


@given(st.text(max_size=200))
def test_every_word_of_any_text_counts_between_0_and_1(text: str) -> None:
    assert all(0 <= part <= 1 for part in informative_words(text).values())
    assert says_enough([text])[0] == (sum(informative_words(text).values()) >= MIN_CONTENT)


@pytest.mark.parametrize(
    "unit", ["字", "a", "ที่", "#aB ", "哈", "सम ", "\u202e\u200b", "ha", "a\u0301"]
)
def test_texts_of_100_kilobytes_are_read(unit: str) -> None:
    says_enough([unit * (100_000 // len(unit))])


def test_nearly_all_captions_of_pictures_say_enough(shared: Path) -> None:
    with (shared / "captions" / "flickr8k_test_en_zh.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert _share([row["en"] for row in rows]) > 0.99
    assert _share([row["zh"] for row in rows]) > 0.995


def test_nearly_all_real_posts_about_events_say_enough(shared: Path) -> None:
    lines = (shared / "real_edits" / "posts.jsonl").read_text("utf-8").splitlines()
    assert 0.96 < _share(sorted({json.loads(line)["text"] for line in lines})) < 0.98


def test_a_quarter_of_a_campaigns_short_replies_says_too_little(shared: Path) -> None:
    archive = zipfile.ZipFile(shared / "io_archive" / "thailand_092020_tweets_csv_hashed.zip")
    with archive, archive.open(archive.namelist()[0]) as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file, "utf-8")))
    texts = sorted({row["tweet_text"] for row in rows if row["is_retweet"] != "true"})
    enough = says_enough(texts)
    assert 0.7 < enough.mean() < 0.75
    long = np.array([len(text) > 120 and "http" not in text for text in texts])
    assert enough[long].mean() > 0.99


def _share(texts: Sequence[str]) -> float:
    return float(says_enough(texts).mean())
