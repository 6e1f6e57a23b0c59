"""Which pictures of a case show what one shows: proposed by an index, verified one by one."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from frametrace.embed.signals.local import Features, Local
from frametrace.index.feature_search.inverted_index import FeatureIndex
from frametrace.index.thumbnail_lookup import ThumbnailIndex
from frametrace.matcher.pictures.evidence import Evidence
from frametrace.matcher.pictures.picture_values import Shown
from frametrace.matcher.pictures.verified_pairs import evidence_row
from frametrace.matcher.query.answer import Hit
from frametrace.matcher.results import EVIDENCE

__all__ = ["MOST", "copies_compared", "sharing"]

MOST = 1000  # candidates that are verified for one question: five seconds
# Proposals in a row that hold no match: then no more are verified. Of 1,189 edited copies among
# 100,000 pictures 98.8 % are found so; twice as many verifications find 99.3 %.
_WITHOUT = 15
_COPIES = 100  # copies by a hash that are compared with what is asked for, the nearest ones
_FIRST = 200  # proposals that are asked for at first; then ten times as many


def sharing(
    index: FeatureIndex,
    thumbnails: ThumbnailIndex,
    digest: str,
    asked: Shown,
    known: Collection[str],
) -> tuple[list[Hit], bool]:
    """The pictures that share pixels with a picture, `digest` being that of its bytes.

    The best proposals first, until too many in a row held no match; not those of the digests that
    are `known` to be copies. Each picture comes once, in the form that more features agree with.
    True besides where that never came: there may be more.
    """
    among = np.ones(len(index), bool)
    among[index.numbers({digest, *known})] = False
    proposed = islice(_proposals(index, asked.features, among), MOST)
    found: dict[str, Hit] = {}
    tried = without = 0
    for row, mirrored in proposed:
        tried += 1
        sha256 = index.digest(row)
        if (pixels := thumbnails.pixels(sha256)) is None:
            continue
        other = Shown(index.features(row), pixels)
        if evidence := _verified(digest, asked, sha256, other, mirrored):
            hit = _hit(sha256, evidence, min(len(asked.features), len(other.features)))
            found[sha256] = max(found.get(sha256, hit), hit, key=_order)
            without = 0
        elif (without := without + 1) == _WITHOUT:
            return list(found.values()), False
    return list(found.values()), tried == MOST


def copies_compared(
    index: FeatureIndex,
    thumbnails: ThumbnailIndex,
    digest: str,
    asked: Shown,
    copies: Sequence[Hit],
) -> list[Hit]:
    """Copies by a hash, upright ones, that differ from a picture: with altered parts, or no copies.

    Those that differ in nothing are not among them.
    """
    upright = [hit for hit in copies if not hit.mirrored and not hit.rotation]
    upright.sort(key=lambda hit: (hit.distance or 0, hit.sha256))
    found = []
    for hit in upright[:_COPIES]:
        pixels = thumbnails.pixels(hit.sha256)
        rows = index.numbers({hit.sha256})
        if pixels is None or not len(rows):
            continue
        other = Shown(index.features(int(rows[0])), pixels)
        if evidence := _compared(digest, asked, hit.sha256, other):
            found.append(replace(hit, relation=str(evidence.relation), **_evidence_of(evidence)))
    return found


def _proposals(
    index: FeatureIndex, asked: Features, among: np.ndarray
) -> Iterator[tuple[int, bool]]:
    """The numbers of what an index proposes, the best first, and the form of the asked picture.

    A few are asked for at first: more take longer to count.
    """
    seen: set[tuple[int, bool]] = set()
    most = _FIRST
    while True:
        found = index.shortlist(asked, among, most)
        for proposal in zip(found.row.tolist(), found.mirrored.tolist(), strict=True):
            if proposal not in seen:
                seen.add(proposal)
                yield proposal
        if len(found.row) < most:
            return
        most *= 10


def _verified(
    digest: str, asked: Shown, sha256: str, other: Shown, mirrored: bool
) -> Evidence | None:
    """From the smaller digest to the greater, as matches are: what is told is the same for both."""
    from frametrace.matcher.pictures.verify import verify

    if digest < sha256:
        return verify(asked, other, mirrored)
    found = verify(other, asked, mirrored)
    return found and found.inverted(other.size, asked.size)


def _compared(digest: str, asked: Shown, sha256: str, other: Shown) -> Evidence | None:
    """The same of two that are copies by a hash."""
    from frametrace.matcher.pictures.verify import verify_near

    if digest < sha256:
        return verify_near(asked, other)
    found = verify_near(other, asked)
    return found and found.inverted(other.size, asked.size)


def _hit(sha256: str, found: Evidence, features: int) -> Hit:
    similarity = found.inliers / max(features, 1)
    return Hit(sha256, Local.name, str(found.relation), None, similarity, **_evidence_of(found))


def _evidence_of(found: Evidence) -> dict[str, Any]:
    return {name: value for name, value in evidence_row(found).items() if name in EVIDENCE.names}


def _order(hit: Hit) -> tuple[int, bool]:
    return hit.inliers or 0, not hit.mirrored
