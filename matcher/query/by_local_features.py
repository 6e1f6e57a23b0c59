"""Searches for pictures that share pixels with a query: an index proposes, `verify` decides."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from frametrace.embed.signals.local import Features, Local
from frametrace.index.feature_search.inverted_index import FeatureIndex
from frametrace.index.thumbnail_lookup import ThumbnailIndex
from frametrace.matcher.pictures.pair_evidence import Evidence
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.verified_pair_table import evidence_row
from frametrace.matcher.query.posts_with_items import MatchingItem

__all__ = ["MAX_CANDIDATES", "differing_hash_copies", "pictures_sharing_pixels"]

MAX_CANDIDATES = 1000  # that are verified for one query: five seconds
# Failed candidates in a row after which the search stops. It then finds 98.8 % of 1,189 edited
# copies among 100,000 pictures; twice as many verifications find 99.3 %.
_MAX_FAILURES = 15
_MAX_HASH_COPIES = 100  # copies by a hash that are compared with the query, the nearest first
_FIRST_PROPOSALS = 200  # requested from the index at first; then ten times as many


def pictures_sharing_pixels(
    index: FeatureIndex,
    thumbnails: ThumbnailIndex,
    digest: str,
    query: PictureValues,
    known: Collection[str],
) -> tuple[list[MatchingItem], bool]:
    """The pictures that share pixels with a query picture, whose bytes have this digest.

    The best proposals are verified first, until too many in a row fail; pictures whose digests are
    in `known` are skipped. Each picture is listed once, in the orientation with more inliers. The
    flag is true if the limit was reached while candidates still matched: there may be more.
    """
    searched = np.ones(len(index), bool)
    searched[index.numbers({digest, *known})] = False
    proposals = islice(_proposals(index, query.features, searched), MAX_CANDIDATES)
    items: dict[str, MatchingItem] = {}
    candidates = failures = 0
    for row, mirrored in proposals:
        candidates += 1
        sha256 = index.digest(row)
        if (pixels := thumbnails.pixels(sha256)) is None:
            continue
        candidate = PictureValues(index.features(row), pixels)
        if evidence := _verified(digest, query, sha256, candidate, mirrored):
            fewer_features = min(len(query.features), len(candidate.features))
            item = _item(sha256, evidence, fewer_features)
            items[sha256] = max(items.get(sha256, item), item, key=_strength)
            failures = 0
        elif (failures := failures + 1) == _MAX_FAILURES:
            return list(items.values()), False
    return list(items.values()), candidates == MAX_CANDIDATES


def differing_hash_copies(
    index: FeatureIndex,
    thumbnails: ThumbnailIndex,
    digest: str,
    query: PictureValues,
    copies: Sequence[MatchingItem],
) -> list[MatchingItem]:
    """The upright copies by a hash whose pixels differ from the query's, with what differs.

    They have altered parts, or are not copies after all. Copies that don't differ are left out.
    """
    upright = [item for item in copies if not item.mirrored and not item.rotation]
    upright.sort(key=lambda item: (item.distance or 0, item.sha256))
    differing = []
    for item in upright[:_MAX_HASH_COPIES]:
        pixels = thumbnails.pixels(item.sha256)
        rows = index.numbers({item.sha256})
        if pixels is None or not len(rows):
            continue
        copy = PictureValues(index.features(int(rows[0])), pixels)
        if evidence := _difference(digest, query, item.sha256, copy):
            fields = evidence_row(evidence)
            differing.append(replace(item, relation=str(evidence.relation), **fields))
    return differing


def _proposals(
    index: FeatureIndex, query: Features, searched: np.ndarray
) -> Iterator[tuple[int, bool]]:
    """The rows that an index proposes, best first, each with the query's orientation.

    Few are requested at first, as counting more of them takes longer.
    """
    seen: set[tuple[int, bool]] = set()
    limit = _FIRST_PROPOSALS
    while True:
        shortlist = index.shortlist(query, searched, limit)
        for proposal in zip(shortlist.row.tolist(), shortlist.mirrored.tolist(), strict=True):
            if proposal not in seen:
                seen.add(proposal)
                yield proposal
        if len(shortlist.row) < limit:
            return
        limit *= 10


def _verified(
    digest: str, query: PictureValues, sha256: str, candidate: PictureValues, mirrored: bool
) -> Evidence | None:
    """The evidence from the query to a candidate.

    The pair is compared from the smaller digest to the greater, as in matching, so that both give
    the same result.
    """
    from frametrace.matcher.pictures.verify_pair import verify

    if digest < sha256:
        return verify(query, candidate, mirrored)
    evidence = verify(candidate, query, mirrored)
    return evidence and evidence.inverted(candidate.size, query.size)


def _difference(
    digest: str, query: PictureValues, sha256: str, copy: PictureValues
) -> Evidence | None:
    """The evidence from the query to a copy by a hash; None if the two don't differ."""
    from frametrace.matcher.pictures.verify_pair import verify_hash_copies

    if digest < sha256:
        return verify_hash_copies(query, copy)
    evidence = verify_hash_copies(copy, query)
    return evidence and evidence.inverted(copy.size, query.size)


def _item(sha256: str, evidence: Evidence, features: int) -> MatchingItem:
    relation, similarity = str(evidence.relation), evidence.inliers / max(features, 1)
    fields = evidence_row(evidence)
    return MatchingItem(sha256, Local.name, relation, None, similarity, **fields)


def _strength(item: MatchingItem) -> tuple[int, bool]:
    """The sort key: more inliers win; of equal numbers, the orientation that is not mirrored."""
    return item.inliers or 0, not item.mirrored
