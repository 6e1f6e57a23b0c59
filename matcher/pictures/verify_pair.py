"""Verifies whether two pictures show one photograph, and finds what was altered in one of them.

Local features determine how one picture would lie in the other; the pixels show whether they agree
there, and where they don't.
"""

import numpy as np

from frametrace.matcher.pictures.aligned_thumbnails import Overlap
from frametrace.matcher.pictures.altered_regions import Altered, altered_regions
from frametrace.matcher.pictures.feature_alignment import Alignment, align, stretched_over
from frametrace.matcher.pictures.pair_evidence import Evidence
from frametrace.matcher.pictures.parallax import is_another_shot
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.pixel_agreement import Agreement
from frametrace.matcher.pictures.relation import relation_of
from frametrace.matcher.pictures.same_graphic import has_other_text, is_graphic
from frametrace.matcher.result_schemas import Relation

__all__ = ["verify", "verify_hash_copies"]

_MIN_ELEMENT_INLIERS = 8  # between pictures that otherwise don't agree; fewer are chance
_MIN_ELEMENT_CELLS = 2  # of 256, that agree; fewer are too small to show


def verify(a: PictureValues, b: PictureValues, mirrored: bool | None = None) -> Evidence | None:
    """Align picture A, or its mirror image, with B and compare their pixels.

    `mirrored` restricts it to one orientation of A. None if the pictures share nothing that their
    features and pixels show.
    """
    if (alignment := align(a.features, b.features, mirrored)) is None:
        return None
    overlap = Overlap.of(alignment, a, b)
    if (agreement := Agreement.of(overlap)) is None:
        return None
    return _evidence(alignment, overlap, agreement, a, b)


def verify_hash_copies(a: PictureValues, b: PictureValues) -> Evidence | None:
    """How two copies by a hash of the whole picture differ; None if they don't.

    Either a part was altered, or their pixels contradict the hash, as in two charts of one style:
    then the relation is not `copy`. If there are too few features for an alignment, the pictures
    are stretched over each other.
    """
    alignment = stretched_over(a.features, b.features)
    overlap = Overlap.of(alignment, a, b)
    agreement = Agreement.of(overlap)
    looks_same = agreement is None or (agreement.same and agreement.extent == 1)
    looks_same = looks_same and not altered_regions(overlap)
    if looks_same and not is_graphic(overlap):
        return None
    if (aligned := align(a.features, b.features, False)) is not None:
        alignment, overlap = aligned, Overlap.of(aligned, a, b)
        agreement = Agreement.of(overlap)
    if agreement is None:
        return None
    # For photographs, a hash of the whole is right more often than windows are; not for graphics.
    if not (agreement.same or agreement.contradicts or is_graphic(overlap)):
        return None
    evidence = _evidence(alignment, overlap, agreement, a, b, hash_copies=True)
    is_same = evidence is None or (evidence.relation == Relation.COPY and not evidence.altered)
    return None if looks_same and is_same else evidence


def _evidence(
    alignment: Alignment,
    overlap: Overlap,
    agreement: Agreement,
    a: PictureValues,
    b: PictureValues,
    *,
    hash_copies: bool = False,
) -> Evidence | None:
    """The evidence of two pictures that are laid over each other.

    There always is some for copies by a hash, however little of the pictures agrees.
    """
    parts = overlap.covered_a * agreement.extent, overlap.covered_b * agreement.extent
    relation, altered = Relation.SHARES_ELEMENT, Altered()
    same = agreement.same and not has_other_text(alignment, overlap, agreement.log_odds, a, b)
    if same:
        relation = relation_of(parts, (overlap.covered_a, overlap.covered_b))
    if relation != Relation.SHARES_ELEMENT:
        if is_another_shot(alignment):
            relation, same = Relation.SAME_SCENE, False
        else:
            altered = Altered.of(altered_regions(overlap), overlap)
    cells_a = agreement.cells(overlap.to_a, overlap.size_a)
    cells_b = agreement.cells(overlap.to_b, overlap.size_b)
    is_element = hash_copies or _is_element(alignment, cells_a, cells_b)
    if relation == Relation.SHARES_ELEMENT and not is_element:
        return None
    return Evidence(
        relation=relation,
        **alignment.evidence_fields(),
        part_a=parts[0],
        part_b=parts[1],
        altered=altered.boxes,
        altered_part=altered.part,
        cells_a=np.packbits(cells_a).tobytes(),
        cells_b=np.packbits(cells_b).tobytes(),
        same_photograph=same,
    )


def _is_element(alignment: Alignment, cells_a: np.ndarray, cells_b: np.ndarray) -> bool:
    """Whether what agrees is more than chance, and large enough to be shown."""
    cells = min(int(cells_a.sum()), int(cells_b.sum()))
    return cells >= _MIN_ELEMENT_CELLS and alignment.inliers >= _MIN_ELEMENT_INLIERS
