"""Invents words for pictures: names, captions, headlines, quotes, numbers; English and Chinese."""

import numpy as np
from copies.lettering import one_of

__all__ = [
    "agency",
    "caption",
    "clock",
    "count",
    "headline",
    "name_and_handle",
    "paragraph",
    "place",
    "quote",
]

Rng = np.random.Generator

_FIRST = (
    "Mira", "Juno", "Tavi", "Oskar", "Lene", "Bram", "Idris", "Salka", "Noor", "Pavo", "Wanda",
    "Emeka", "Rosa", "Theo", "Anouk", "Kofi", "Ilse", "Darius", "Maeve", "Yusra", "Felipe",
    "Greta",
)  # fmt: skip
_LAST = (
    "Tolan", "Varga", "Quist", "Okello", "Brandt", "Sorel", "Haddad", "Lindqvar", "Marek",
    "Dunmore", "Achterberg", "Pires", "Novell", "Castellan", "Ferrow", "Umber", "Rask",
    "Whitlow", "Zanetti",
)  # fmt: skip
_THINGS = (
    "orchard", "pier", "harbour", "north_side", "lantern", "tram", "river", "kitchen", "ridge",
    "market", "signal", "weather", "garden", "bridge", "quarter", "daily", "post", "watch",
)  # fmt: skip
_SURNAMES = "林陈何宋白叶罗唐方江沈夏顾孟"
_GIVEN = (
    "小舟", "一鸣", "雨桐", "子安", "晓云", "文清", "建国", "思远", "佳宁", "海波", "若兰",
    "明哲",
)  # fmt: skip
_WHO = (
    "The neighbours", "Two of my cousins", "The people at the ferry", "My old teacher",
    "Half the village", "The man from the bakery", "Our whole street",
    "Nobody from the council", "The night shift", "A friend of mine", "The volunteers",
    "Everyone on platform four", "The new mayor", "Those kids",
)  # fmt: skip
_DID = (
    "saw this coming", "stood here for hours", "would not believe it",
    "told us a different story", "has waited years for this", "walked past and said nothing",
    "took it all down by hand", "asked who is going to pay", "laughed when I said so",
    "went home before the rain", "still talks about that night", "promised it would be over",
    "paid for it in the end",
)  # fmt: skip
_WHEN = (
    "last Tuesday", "before the sun was up", "after the match", "in the middle of the storm",
    "on the way to work", "while the cameras were off", "just outside the old station",
    "for the third time this year", "at the corner of Mill Lane", "down by the water",
)  # fmt: skip
_WHO_ZH = (
    "我家楼下的邻居", "昨天晚上的夜班司机", "村里的老人们", "隔壁班的同学", "码头上的渔民",
    "面包店的老板", "整条街的人", "新来的镇长", "几个志愿者", "我的一位老朋友",
)  # fmt: skip
_DID_ZH = (
    "早就料到会这样", "在这里站了好几个小时", "怎么也不敢相信", "说的完全是另一回事",
    "等了好多年", "路过时一句话也没说", "问到底谁来付这笔钱", "到现在还在谈论那天晚上",
    "答应过事情会结束", "最后自己掏了钱",
)  # fmt: skip
_WHEN_ZH = (
    "就在上周二", "在天亮之前", "在比赛结束以后", "在暴雨当中", "在老火车站门口",
    "今年已经是第三次了",
)  # fmt: skip
_TOPIC = (
    "Harbour bridge", "Night trams", "The orchard tax", "Canal flooding", "Ferry strike",
    "School roofs", "Heating costs", "The stadium plan", "Grain prices", "Ring road",
    "The power cut", "Rent reform",
)  # fmt: skip
_EVENT = (
    "splits the council again", "leaves thousands waiting", "ends after nine days",
    "to cost twice as much", "brings crowds to the square", "put off until autumn",
    "faces a second vote", "takes town by surprise", "stops traffic for hours",
    "gets a date at last", "draws an angry reply", "enters a new phase",
)  # fmt: skip
_TOPIC_ZH = (
    "港口大桥", "夜间电车", "果园税", "运河水位", "轮渡罢工", "学校屋顶", "取暖费用",
    "环城公路",
)  # fmt: skip
_EVENT_ZH = (
    "再次引发争论", "让数千人等待", "九天后终于结束", "造价翻了一倍", "推迟到秋天",
    "面临第二次表决", "令全城意外",
)  # fmt: skip
_PLACES = (
    "Norwick", "Aldmere", "Tesk", "Oru Bay", "Calder", "Vinna", "Port Hale", "Estry",
    "Lomond Fell", "Karsa", "Dunholt", "Siltow", "Brae", "Ostmark", "Pellan", "Ruvo", "Hestia",
    "Quay End",
)  # fmt: skip
_AGENCIES = (
    "norda images", "PIXFERN", "stockhaven", "lumo·press", "OWL EYE", "framebarn", "晨风图片",
    "tessera",
)  # fmt: skip
_QUOTES = (
    "A city is measured by the benches it keeps for those who have nowhere to be.",
    "We did not ask for much. We asked for the lights to stay on.",
    "If you want to know a river, talk to the people who have lost a house to it.",
    "Nobody ever repaired a bridge by naming it after somebody.",
    "What you call patience, my grandmother called being afraid.",
    "The truth takes the stairs while a rumour takes the lift.",
    "一座城市的好坏，看它给无处可去的人留了多少长椅。", "从来没有人靠改名字修好一座桥。",
)  # fmt: skip


def name_and_handle(rng: Rng) -> tuple[str, str]:
    """A person or a page, and what follows the @."""
    if rng.random() < 0.3:
        name = one_of(rng, tuple(_SURNAMES)) + one_of(rng, _GIVEN)
        return name, f"{one_of(rng, _THINGS)}{rng.integers(10, 9999)}"
    if rng.random() < 0.3:
        things = f"{one_of(rng, _THINGS)}_{one_of(rng, _THINGS)}"
        return things.replace("_", " ").title(), f"{things}{rng.integers(1, 99)}"
    first, last = one_of(rng, _FIRST), one_of(rng, _LAST)
    return f"{first} {last}", f"{first}{last}{rng.integers(1, 999)}".lower()[:15]


def caption(rng: Rng, sentences: int = 0) -> str:
    """The caption of a photograph: one to three sentences."""
    sentences = sentences or int(rng.integers(1, 4))
    if rng.random() < 0.35:
        parts = (_WHO_ZH, _WHEN_ZH, _DID_ZH)
        said = ["".join(one_of(rng, part) for part in parts) + "。" for _ in range(sentences)]
        return "".join(said)
    parts = (_WHO, _DID, _WHEN)
    return " ".join(" ".join(one_of(rng, part) for part in parts) + "." for _ in range(sentences))


def headline(rng: Rng, *, chinese: bool = False) -> str:
    """A headline of a newspaper or television channel."""
    if chinese:
        return one_of(rng, _TOPIC_ZH) + one_of(rng, _EVENT_ZH)
    return f"{one_of(rng, _TOPIC)} {one_of(rng, _EVENT)}"


def paragraph(rng: Rng, sentences: int, *, chinese: bool = False) -> str:
    """A paragraph of an article."""
    if chinese:
        parts = (_WHO_ZH, _WHEN_ZH, _DID_ZH)
        return "".join("".join(one_of(rng, p) for p in parts) + "。" for _ in range(sentences))
    parts = (_WHO, _DID, _WHEN)
    return " ".join(" ".join(one_of(rng, p) for p in parts) + "." for _ in range(sentences))


def quote(rng: Rng) -> str:
    """The text of a quote card."""
    return one_of(rng, _QUOTES)


def place(rng: Rng) -> str:
    """An invented town."""
    return one_of(rng, _PLACES)


def agency(rng: Rng) -> str:
    """An invented agency of stock photographs."""
    return one_of(rng, _AGENCIES)


def count(rng: Rng, highest: float = 1e6) -> str:
    """How often something was liked, as apps write it."""
    number = int(10 ** rng.uniform(0.3, np.log10(highest)))
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1000:.1f}K" if number < 1e6 else f"{number / 1e6:.1f}M"


def clock(rng: Rng) -> str:
    """A time of day."""
    return f"{rng.integers(24):02}:{rng.integers(60):02}"
