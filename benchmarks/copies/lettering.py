"""Draws text for scripted edits: invented texts, in fonts for English, Chinese and emoji."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from measuring import Stopped
from PIL import Image, ImageDraw, ImageFont

__all__ = ["CHINESE", "EMOJI", "ENGLISH", "NAMES", "emoji", "font", "letter", "one_of"]

Box = tuple[float, float, float, float]
Colour = tuple[int, ...] | str

ENGLISH = (
    "Look at this before somebody takes it down",
    "They told us the square was empty that night",
    "My neighbour took this one from the balcony",
    "When the meeting could have been a message",
    "Nobody is talking about what happened here",
    "Share it with everyone you know",
    "Three years ago and nothing has changed",
    "Ask yourself who paid for all this",
    "This is not the town that I grew up in",
    "Me waiting for the weekend to begin",
    "One picture says it all, wake up people",
    "The newspapers will not print this one",
    "So this is what progress looks like",
    "Guess the place and win a free dinner",
    "Good morning to all but those responsible",
    "I went there so that you need not go",
)
CHINESE = (
    "这张照片是邻居昨天晚上在阳台上拍的",
    "大家快来看看这里到底发生了什么事情",
    "转发给你认识的每一个人让他们知道真相",
    "三年过去了什么都没有改变",
    "电视新闻里你永远看不到这样的画面",
    "请问这一切究竟是谁在背后出钱",
    "这已经不是我小时候长大的那个城市了",
    "等待周末开始的我就是这个样子",
    "一张图片胜过千言万语大家醒醒吧",
    "早上好除了那些应该负责任的人",
    "猜猜这是什么地方猜对请你吃晚饭",
    "趁还没有被删除赶紧保存下来",
)
NAMES = ("Mira Tolan", "orchard_daily", "Juno Varga", "the_north_pier", "林小舟", "城南旧事录")
EMOJI = "😂😡🔥👀😱🙏💔🤔👍🎉❗💯"

_FONTS = {  # by script; what Debian's fonts-dejavu-core, -noto-cjk and -noto-color-emoji bring
    "latin": "DejaVuSans-Bold.ttf",
    "chinese": "NotoSansCJK-Bold.ttc",
    "emoji": "NotoColorEmoji.ttf",
}
_EMOJI_SIZE = 109  # the one size of the font's bitmaps
_SMALLEST = 7  # pixels
_LEADING = 1.3  # of a line, in heights of its letters


def one_of(rng: np.random.Generator, choices: Sequence[str]) -> str:
    """Draw one."""
    return choices[int(rng.integers(len(choices)))]


@lru_cache(maxsize=256)
def font(script: str, size: int) -> ImageFont.FreeTypeFont:
    """The font of a script. Raises `Stopped` if this machine has none."""
    try:
        return ImageFont.truetype(_FONTS[script], size)
    except OSError:
        raise Stopped(
            f"the font {_FONTS[script]} is absent: install the packages fonts-dejavu-core, "
            "fonts-noto-cjk and fonts-noto-color-emoji"
        ) from None


def letter(
    image: Image.Image,
    box: Box,
    text: str,
    ink: Colour = "black",
    *,
    outline: Colour | None = None,
    middle: bool = True,
) -> None:
    """Write the text into a box of the image, in lines, at the largest size that fits."""
    left, top, right, bottom = box
    script = "chinese" if any("\u2e80" <= sign <= "\u9fff" for sign in text) else "latin"
    size, lines = _fitted(text, script, right - left, bottom - top)
    draw = ImageDraw.Draw(image)
    y = (top + bottom - len(lines) * size * _LEADING) / 2
    for line in lines:
        face = font(script, size)
        x = left + (right - left - face.getlength(line)) / 2 if middle else left
        stroke = max(1, size // 12) if outline else 0
        draw.text((x, y), line, ink, face, stroke_width=stroke, stroke_fill=outline)
        y += size * _LEADING


def emoji(sign: str, side: int) -> Image.Image:
    """One emoji as an RGBA square."""
    canvas = Image.new("RGBA", (136, 128))
    face = font("emoji", _EMOJI_SIZE)
    ImageDraw.Draw(canvas).text((0, 0), sign, font=face, embedded_color=True)
    return canvas.resize((max(side, 1), max(side, 1)))


def _fitted(text: str, script: str, width: float, height: float) -> tuple[int, list[str]]:
    size = max(int(height / _LEADING), _SMALLEST)
    while True:
        face = font(script, size)
        lines = _lines(text, face, width)
        fits = max(map(face.getlength, lines)) <= width and len(lines) * size * _LEADING <= height
        if fits or size <= _SMALLEST:
            return size, lines
        size = max(int(size * 0.93), _SMALLEST)


def _lines(text: str, face: ImageFont.FreeTypeFont, width: float) -> list[str]:
    between = " " if " " in text else ""
    lines: list[str] = []
    for word in text.split(" ") if between else text:
        if lines and face.getlength(longer := lines[-1] + between + word) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
