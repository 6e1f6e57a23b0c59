"""Makes different photographs of one scene: other viewpoints, other light, frames of a video.

A photograph is split into layers of depth that move differently when the camera moves: near things
more than distant ones. The gaps that open are filled in. The template fixes the scene, its layers
and what moves in it; the generator chooses the moment and the viewpoint.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from copies.canvas import Others, Rng
from copies.devices import template_rng
from PIL import Image

__all__ = ["frame_of_panning_camera", "frame_of_static_camera", "stereo_pair", "two_viewpoints"]


def two_viewpoints(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A viewpoint to the side: layers moved by 1 to 6 % of the width, perspective, other light."""
    pixels, depth = _scene(photo, template)
    width = pixels.shape[1]
    across, down = rng.uniform(0.01, 0.06) * rng.choice((-1, 1)), rng.uniform(-0.015, 0.015)
    seen = _moved(pixels, depth, (across * width, down * width))
    return _lit(_from_aside(seen, 0.04, rng), rng)


def frame_of_static_camera(
    photo: Image.Image, others: Others, rng: Rng, template: int
) -> Image.Image:
    """A fixed camera some seconds later: a person has walked on, the light is nearly the same."""
    pixels, _ = _scene(photo, template)
    height, width = pixels.shape[:2]
    style = template_rng("walker", template)
    person = others[0].convert("RGB").resize((width, height))
    high = style.uniform(0.35, 0.6) * height
    wide = style.uniform(0.45, 0.9) * high
    middle = style.uniform(0.3, 0.7, 2) * (width, height)
    cut = _around(np.asarray(person), middle, (wide, high))
    mask = _figure(cut.shape[:2], style)
    x = rng.uniform(0, width - cut.shape[1])
    y = np.clip(
        height - high * style.uniform(0.95, 1.15) + rng.normal(0, 4), 0, height - cut.shape[0]
    )
    seen = pixels.copy()
    spot = seen[round(y) : round(y) + cut.shape[0], round(x) : round(x) + cut.shape[1]]
    spot[:] = mask[..., None] * cut + (1 - mask[..., None]) * spot
    shake = rng.normal(0, 0.6, 2)
    seen = cv2.warpAffine(seen, np.array([[1, 0, shake[0]], [0, 1, shake[1]]]), (width, height),
                          borderMode=cv2.BORDER_REFLECT)  # fmt: skip
    return _noisy(seen * rng.uniform(0.97, 1.03), rng)


def frame_of_panning_camera(
    photo: Image.Image, others: Others, rng: Rng, template: int
) -> Image.Image:
    """A part of 58 % of the width, moved by 10 to 40 % from moment to moment, with parallax."""
    pixels, depth = _scene(photo, template)
    width = pixels.shape[1]
    part = round(0.58 * width)
    left = round(rng.uniform(0, width - part))
    moved = _moved(
        pixels, depth, (0.06 * (left - (width - part) / 2), rng.normal(0, 0.004) * width)
    )
    return _noisy(_from_aside(moved[:, left : left + part], 0.015, rng), rng)


def stereo_pair() -> tuple[Image.Image, Image.Image]:
    """Two pictures of a motorcycle from inside scikit-image: a real change of viewpoint."""
    from skimage import data

    left, right, _ = data.stereo_motorcycle()
    return Image.fromarray(left), Image.fromarray(right)


def _scene(photo: Image.Image, template: int) -> tuple[np.ndarray, Sequence[np.ndarray]]:
    """Pixels (h, w, 3) float32 and the masks of 2 to 4 layers, far to near, (h, w) in [0, 1]."""
    style = template_rng("scene", template)
    pixels = np.asarray(photo.convert("RGB"), np.float32)
    height, width = pixels.shape[:2]
    # What is low in a picture is near; things stand out where colour changes.
    smooth = cv2.GaussianBlur(
        style.normal(0, 1, (height, width)).astype(np.float32), (0, 0), width / 9
    )
    colour = cv2.bilateralFilter(pixels, 9, 45, 15).mean(axis=2)
    near = np.linspace(-1, 1, height)[:, None] + 0.9 * smooth / smooth.std()
    near = near + style.choice((-1, 1)) * 0.8 * (colour - colour.mean()) / max(colour.std(), 1)
    near = cv2.medianBlur(cv2.GaussianBlur(near.astype(np.float32), (0, 0), 3), 5)
    layers = int(style.integers(2, 5))
    cuts = np.quantile(near, np.linspace(0, 1, layers + 1)[1:-1])
    masks = [np.ones((height, width), np.float32)]
    for cut in cuts.tolist():
        hard = cv2.morphologyEx((near > cut).astype(np.float32), cv2.MORPH_OPEN, np.ones((9, 9)))
        masks.append(cv2.GaussianBlur(hard, (0, 0), 1.2))
    return pixels, masks


def _moved(
    pixels: np.ndarray, masks: Sequence[np.ndarray], shift: tuple[float, float]
) -> np.ndarray:
    """The scene after the camera moved: the nearest layer by the shift, the rest less."""
    height, width = pixels.shape[:2]
    seen = pixels
    steps = len(masks) - 1
    for at, mask in enumerate(masks):
        part = 0.15 + 0.85 * at / steps
        move = np.array([[1, 0, shift[0] * part], [0, 1, shift[1] * part]])
        layer = pixels
        if at < steps:  # what nearer layers hide is filled in
            hidden = (masks[at + 1] > 0.05).astype(np.uint8)
            layer = _filled(pixels, hidden)
        warped = cv2.warpAffine(layer, move, (width, height), borderMode=cv2.BORDER_REFLECT)
        alpha = cv2.warpAffine(mask, move, (width, height), borderMode=cv2.BORDER_REFLECT)[
            ..., None
        ]
        seen = warped if at == 0 else alpha * warped + (1 - alpha) * seen
    return seen


def _filled(pixels: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Fill in near the edge by inpainting; further in, the gap will be covered."""
    rim = hidden & ~cv2.erode(hidden, np.ones((31, 31), np.uint8))
    return cv2.inpaint(pixels.clip(0, 255).astype(np.uint8), rim, 3, cv2.INPAINT_TELEA).astype(
        np.float32
    )


def _from_aside(pixels: np.ndarray, reach: float, rng: Rng) -> np.ndarray:
    """A homography whose corners move by up to `reach` of the width; cut to what is seen."""
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-reach, reach, (4, 2)).astype(np.float32) * width
    aside = cv2.getPerspectiveTransform(corners, moved)
    seen = cv2.warpPerspective(pixels, aside, (width, height), borderMode=cv2.BORDER_REFLECT)
    edge = round(reach * width)
    return seen[edge : height - edge, edge : width - edge]


def _lit(pixels: np.ndarray, rng: Rng) -> Image.Image:
    """Under other light: exposure, white balance, a gradient over the picture."""
    height, width = pixels.shape[:2]
    turn = rng.uniform(0, 2 * np.pi)
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    slope = 1 + rng.uniform(0, 0.18) * (x * np.cos(turn) + y * np.sin(turn))
    balance = rng.uniform(0.9, 1.1, 3) * rng.uniform(0.8, 1.2)
    value = 255 * (pixels.clip(0, 255) / 255) ** rng.uniform(0.85, 1.2)
    return _noisy(value * slope[..., None] * balance, rng)


def _noisy(pixels: np.ndarray, rng: Rng) -> Image.Image:
    seen = pixels + rng.normal(0, rng.uniform(1, 4), pixels.shape)
    return Image.fromarray(seen.clip(0, 255).astype(np.uint8))


def _around(pixels: np.ndarray, middle: np.ndarray, size: tuple[float, float]) -> np.ndarray:
    height, width = pixels.shape[:2]
    wide, high = min(round(size[0]), width - 2), min(round(size[1]), height - 2)
    x = int(np.clip(middle[0] - wide / 2, 0, width - wide))
    y = int(np.clip(middle[1] - high / 2, 0, height - high))
    return pixels[y : y + high, x : x + wide].astype(np.float32)


def _figure(shape: tuple[int, int], style: Rng) -> np.ndarray:
    """A soft outline like a person's, head and body: (h, w) in [0, 1]."""
    height, width = shape
    mask = np.zeros(shape, np.float32)
    cv2.ellipse(
        mask,
        (width // 2, round(0.15 * height)),
        (width // 6, round(0.13 * height)),
        0,
        0,
        360,
        1,
        -1,
    )
    body = np.array(
        [[0.3, 0.27], [0.7, 0.27], [0.85, 0.6], [0.72, 0.99], [0.28, 0.99], [0.15, 0.6]]
    )
    body = (body + style.normal(0, 0.02, body.shape)) * (width, height)
    cv2.fillPoly(mask, [body.astype(np.int32)], 1)
    return cv2.GaussianBlur(mask, (0, 0), 1.5)
