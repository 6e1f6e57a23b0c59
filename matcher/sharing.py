"""Which pictures of a case show what one shows: proposed by an index, verified one by one."""

from collections.abc import Collection, Iterator
from itertools import islice

import numpy as np

from frametrace.embed.signals.local import Features, Local
from frametrace.index.features import FeatureIndex
from frametrace.index.thumbnails import ThumbnailIndex
from frametrace.matcher.found import Hit
from frametrace.matcher.pictures.evidence import Evidence
from frametrace.matcher.pictures.shown import Shown
from frametrace.matcher.results import EVIDENCE
from frametrace.matcher.sightings import evidence_row

__all__ = ["MOST", "sharing"]

MOST = 1000  # candidates that are verified for one question: five seconds
_BATCH = 20  # proposals that are verified before it is asked whether to go on
_FIRST = 200  # proposals that are asked for at first; then ten times as many


def sharing(
    index: FeatureIndex,
    thumbnails: ThumbnailIndex,
    digest: str,
    asked: Shown,
    known: Collection[str],
) -> tuple[list[Hit], bool]:
    """The pictures that share pixels with a picture, `digest` being that of its bytes.

    The best proposals first, for as long as a batch of them held a match; not those of the digests
    that are `known` to be copies. Each picture comes once, in the form that more features agree
    with. True besides where no batch was without a match: there may be more.
    """
    among = np.ones(len(index), bool)
    among[index.numbers({digest, *known})] = False
    proposed = islice(_proposals(index, asked.features, among), MOST)
    found: dict[str, Hit] = {}
    tried = 0
    while batch := list(islice(proposed, _BATCH)):
        tried += len(batch)
        hits = []
        for row, mirrored in batch:
            sha256 = index.digest(row)
            if (pixels := thumbnails.pixels(sha256)) is None:
                continue
            other = Shown(index.features(row), pixels)
            if evidence := _verified(digest, asked, sha256, other, mirrored):
                fewer = min(len(asked.features), len(other.features))
                hits.append(_hit(sha256, evidence, fewer))
        for hit in hits:
            found[hit.sha256] = max(found.get(hit.sha256, hit), hit, key=_order)
        if not hits:
            return list(found.values()), False
    return list(found.values()), tried == MOST


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


def _hit(sha256: str, found: Evidence, features: int) -> Hit:
    evidence = {
        name: value for name, value in evidence_row(found).items() if name in EVIDENCE.names
    }
    similarity = found.inliers / max(features, 1)
    return Hit(sha256, Local.name, str(found.relation), None, similarity, **evidence)  # type: ignore[arg-type]


def _order(hit: Hit) -> tuple[int, bool]:
    return hit.inliers or 0, not hit.mirrored
