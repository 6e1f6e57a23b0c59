"""Makes millions of PDQ hashes whose bits are distributed like those of real pictures.

Every picture of `../shared/data/photos` and `real_edits` is hashed with 200 random light edits
(resized, recompressed, cropped by 2 % at most, brighter, softer, noisier, rotated by 1 degree at
most). The 16 x 16 spectrum that a hash is made from is linear in the picture. So the spectrum of
two pictures laid over each other is the weighted sum of theirs: random pairs of edited, mirrored
and rotated pictures thus give millions of different pictures. Copies of them are made by adding the
change that a random real edit made to the spectrum of its picture.
"""

import io
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import gettempdir

import numpy as np
from measuring import Stopped, say, shared_data
from PIL import Image, ImageEnhance, ImageFilter

from frametrace.embed.signals import pdq

__all__ = ["Spectra", "at_distance"]

EDITS = 200
_SIDE = 320  # of the pictures that are edited, in pixels: PDQ looks at 64 x 64 points
_BLOCK = 100_000
_SINGLE = 0.7  # of all hashes: pictures without any copy
_SIZES = 2.3  # exponent of the numbers of copies: few pictures have very many
_MAX_COPIES = 2_000  # copies of one picture


class Spectra:
    """The spectra of real pictures and of their edits: where hashes are drawn from."""

    def __init__(self) -> None:
        place = Path(gettempdir()) / f"frametrace-spectra-{EDITS}.npy"
        if not place.exists():
            beside = place.with_suffix(f".{os.getpid()}")
            with beside.open("wb") as file:
                np.save(file, _edited_spectra())
            beside.rename(place)
        self._all = np.load(place, allow_pickle=False)  # (pictures, 1 + EDITS, 256) float16

    def hashes(self, n: int, seed: int) -> np.ndarray:
        """n different hashes, (n, 32) uint8, in random order."""
        rng = np.random.default_rng(seed)
        parts, have = [np.empty((0, 32), np.uint8)], 0
        while have < n * 1.02 + 1_000:  # a few fall together
            parts.append(self._block(rng))
            have += len(parts[-1])
        found = np.concatenate(parts).view(np.dtype((np.void, 32))).ravel()
        different = np.unique(found)
        rng.shuffle(different)
        return different[:n].copy().view(np.uint8).reshape(-1, 32)

    def real(self) -> np.ndarray:
        """The hashes of the pictures and edits themselves, (pictures * (1 + EDITS), 32) uint8."""
        flat = self._all.reshape(-1, 256)
        return np.concatenate([_hash(flat[at : at + _BLOCK]) for at in range(0, len(flat), _BLOCK)])

    def _block(self, rng: np.random.Generator) -> np.ndarray:
        """The hashes of some new pictures and of their copies."""
        single = int(_BLOCK * _SINGLE)
        copied = rng.zipf(_SIZES, 4 * _BLOCK).clip(max=_MAX_COPIES) + 1
        copied = copied[: np.searchsorted(np.cumsum(copied), _BLOCK - single)]
        of = np.repeat(np.arange(single + len(copied)), np.append(np.ones(single, int), copied))
        weight = rng.uniform(0.3, 0.7, (single + len(copied), 1)).astype(np.float32)
        new = weight * self._drawn(rng, len(weight)) + (1 - weight) * self._drawn(rng, len(weight))
        spectra = new[of]
        copies = np.arange(len(of)) >= single
        spectra[copies] += self._changes(rng, int(copies.sum())) * _size(spectra[copies])
        return _hash(spectra)

    def _drawn(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Random pictures, edited, mirrored and turned; all of one contrast."""
        pictures, edits, _ = self._all.shape
        found = self._all[rng.integers(pictures, size=n), rng.integers(edits, size=n)]
        found = found.astype(np.float32).reshape(n, 16, 16)
        odd = 1 - 2 * (np.arange(1, 17) % 2)  # mirroring turns the sign of odd frequencies
        for axis in (1, 2):
            signs = np.where(rng.random(n)[:, None] < 0.5, odd, 1)
            found *= np.expand_dims(signs, 3 - axis)
        turned = rng.random(n) < 0.5
        found[turned] = found[turned].transpose(0, 2, 1)
        found = found.reshape(n, 256)
        return found / _size(found)

    def _changes(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """What random edits did to their pictures, in parts of the picture's contrast."""
        pictures, edits, _ = self._all.shape
        which = rng.integers(pictures, size=n)
        before = self._all[which, 0].astype(np.float32)
        after = self._all[which, rng.integers(1, edits, size=n)].astype(np.float32)
        return after / _size(after) - before / _size(before)


def at_distance(codes: np.ndarray, bits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A copy of each (n, 32) code with `bits[i]` of its bits flipped, chosen at random."""
    order = rng.random((len(codes), 8 * codes.shape[1])).argsort(axis=1).argsort(axis=1)
    return codes ^ np.packbits(order < bits[:, None], axis=1)


def _size(spectra: np.ndarray) -> np.ndarray:
    return np.linalg.norm(spectra, axis=1, keepdims=True) + 1e-6


def _hash(spectra: np.ndarray) -> np.ndarray:
    """As `compute_pdq` ends: above the median or not."""
    spectra = spectra.astype(np.float32)
    median = np.partition(spectra, 127, axis=1)[:, 127:128]
    return np.packbits((spectra > median)[:, ::-1], axis=1)


def _edited_spectra() -> np.ndarray:
    data = shared_data()
    if data is None:
        raise Stopped("realistic hashes are made from ../shared/data/photos, which is absent")
    paths = sorted([*data.glob("photos/*/*.jpg"), *data.glob("real_edits/images/*")])
    say(f"  {len(paths):,} pictures with {EDITS} edits each: some minutes, once for this machine")
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return np.stack(list(pool.map(_of_picture, paths, range(len(paths)), chunksize=8)))


def _of_picture(path: Path, seed: int) -> np.ndarray:
    """(1 + EDITS, 256) float16: a picture's spectrum, and those of its edits."""
    rng = np.random.default_rng(seed)
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    image.thumbnail((_SIDE, _SIDE))
    edited = [image, *(_edited(image, rng) for _ in range(EDITS))]
    return np.stack([_spectrum(np.asarray(one.convert("L"))) for one in edited]).astype(np.float16)


def _spectrum(luma: np.ndarray) -> np.ndarray:
    found: np.ndarray = pdq.spectrum(pdq.sampled(luma)).ravel() / 255
    return found


def _edited(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """One or two light edits."""
    for edit in rng.choice(len(_LIGHT), size=rng.integers(1, 3), replace=False):
        image = _LIGHT[edit](image, rng)
    return image


def _resized(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    scale = rng.uniform(0.4, 1.2)
    return image.resize((int(image.width * scale), int(image.height * scale)))


def _recompressed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(rng.integers(20, 96)))
    return Image.open(file).convert("RGB")


def _cropped(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    left, top, right, bottom = rng.uniform(0, 0.02, 4)
    w, h = image.size
    return image.crop((int(w * left), int(h * top), int(w * (1 - right)), int(h * (1 - bottom))))


def _noisier(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    noise = rng.normal(0, rng.uniform(2, 12), (image.height, image.width, 3))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


_LIGHT: tuple[Callable[[Image.Image, np.random.Generator], Image.Image], ...] = (
    _resized,
    _recompressed,
    _cropped,
    _noisier,
    lambda image, rng: ImageEnhance.Brightness(image).enhance(rng.uniform(0.7, 1.3)),
    lambda image, rng: ImageEnhance.Contrast(image).enhance(rng.uniform(0.7, 1.3)),
    lambda image, rng: image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2))),
    lambda image, rng: image.rotate(rng.uniform(-1, 1), Image.Resampling.BILINEAR),
)
