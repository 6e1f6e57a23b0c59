"""What stands in for captions and photographs where a runtime is held against float32."""

import numpy as np
from PIL import Image

__all__ = ["TEXTS", "pictures"]

_COUNT = 16

# Of several lengths and scripts; the first two are what a runtime is made by.
TEXTS = (
    "Police use tear gas against protesters at the airport",
    "Nobody stopped them.",
    "Two dogs play with a ball on the beach while a child in a red coat looks on.",
    "BREAKING",
    "Who pays for all this damage? Not the ones in black, who set fire to the station last night "
    "and ran, but everybody who takes the train to work in the morning. Share this before they "
    "delete it! The whole city has to see what they did to our streets, our shops and our police.",
    "A man in a black shirt throws a stone at a police car.",
    "Share if you agree!!! #HongKong #StopTheViolence",
    "暴徒昨晚破坏了地铁站，没有人阻止他们，大家都看到了。",
    "Les manifestants ont détruit la gare hier soir.",
    "ประชาชนออกมาชุมนุมกันที่หน้ารัฐสภา",
    "Протестующие вышли на улицы города",
    "المتظاهرون في الشوارع الليلة",
    "Flood water covers the main road; 2,300 people were brought to safety on 19 August 2019.",
    "she said what we all think",
    "Elections are tomorrow. Bring your identity card and arrive before 8 pm.",
    "A blond woman in a blue shirt appears to wait for a ride.",
)


def pictures(height: int, width: int) -> np.ndarray:
    """16 pictures with structure at several scales, (16, height, width, 3) uint8, always alike."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(_COUNT):
        layers = [rng.integers(0, 256, (side, side, 3), np.uint8) for side in (2, 8, 32)]
        sized = [np.asarray(Image.fromarray(layer).resize((width, height))) for layer in layers]
        made.append(np.mean(np.stack(sized), axis=0).astype(np.uint8))
    return np.stack(made)
