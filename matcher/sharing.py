"""Which pictures of a case share pixels with one: proposed by an index, verified one by one."""

from collections.abc import Collection
from itertools import islice

import numpy as np

from frametrace.embed.signals.local import Features, Local
from frametrace.index.features import FeatureIndex
from frametrace.matcher.asking import BATCH, proposals
from frametrace.matcher.found import Hit
from frametrace.matcher.results import EVIDENCE
from frametrace.matcher.verifying import Evidence, verify

__all__ = ["MOST", "sharing"]

MOST = 1000  # candidates that are verified for one question: two seconds


def sharing(
    index: FeatureIndex, digest: str, asked: Features, known: Collection[str]
) -> tuple[list[Hit], bool]:
    """The pictures that share pixels with a picture, `digest` being that of its bytes.

    The best proposals first, for as long as a batch of them held a match; not those of the digests
    that are `known` to be copies. Each picture comes once, in the form that more features agree
    with. True besides where no batch was without a match: there may be more.
    """
    among = np.ones(len(index), bool)
    among[index.numbers({digest, *known})] = False
    proposed = islice(proposals(index, asked, among), MOST)
    found: dict[str, Hit] = {}
    tried = 0
    while batch := list(islice(proposed, BATCH)):
        tried += len(batch)
        hits = []
        for row, mirrored in batch:
            sha256, other = index.digest(row), index.features(row)
            if evidence := _verified(digest, asked, sha256, other, mirrored):
                hits.append(_hit(sha256, evidence, min(len(asked), len(other))))
        for hit in hits:
            found[hit.sha256] = max(found.get(hit.sha256, hit), hit, key=_order)
        if not hits:
            return list(found.values()), False
    return list(found.values()), tried == MOST


def _verified(
    digest: str, asked: Features, sha256: str, other: Features, mirrored: bool
) -> Evidence | None:
    """From the smaller digest to the greater, as matches are: what is told is the same for both."""
    if digest < sha256:
        return verify(asked, other, mirrored)
    found = verify(other, asked, mirrored)
    return found and found.turned(other.width, asked.width)


def _hit(sha256: str, found: Evidence, features: int) -> Hit:
    evidence = {name: getattr(found, name) for name in EVIDENCE.names}
    similarity = found.inliers / features
    return Hit(sha256, Local.name, str(found.relation), None, similarity, **evidence)


def _order(hit: Hit) -> tuple[int, bool]:
    return hit.inliers or 0, not hit.mirrored
