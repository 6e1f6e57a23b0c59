"""Whether two pictures show one photograph, and what was done to one of them.

Local features say how one picture would lie in the other; the pictures themselves say whether they
agree there, and where not.
"""

import numpy as np

from frametrace.matcher.pictures.aligned_thumbnails import Overlap
from frametrace.matcher.pictures.altered_regions import Altered, altered_regions
from frametrace.matcher.pictures.evidence import Evidence
from frametrace.matcher.pictures.feature_alignment import Alignment, align, stretched_over
from frametrace.matcher.pictures.parallax import is_another_shot
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.pixel_agreement import Agreement
from frametrace.matcher.pictures.relation import relation_of
from frametrace.matcher.pictures.same_graphic import is_graphic, says_otherwise
from frametrace.matcher.results import Relation

__all__ = ["verify", "verify_hash_copies"]

_ELEMENT_INLIERS = 8  # of pictures that don't agree otherwise: fewer are chance
_ELEMENT_CELLS = 2  # of 256 that agree: less is nothing that could be shown


def verify(a: PictureValues, b: PictureValues, mirrored: bool | None = None) -> Evidence | None:
    """Align picture A, or its mirror image, with B and compare what they show.

    Only that orientation of A is tried where `mirrored` says which. None where the pictures share
    nothing that can be told.
    """
    if (alignment := align(a.features, b.features, mirrored)) is None:
        return None
    overlap = Overlap.of(alignment, a, b)
    if (agreement := Agreement.of(overlap)) is None:
        return None
    return _told(alignment, overlap, agreement, a, b)


def verify_hash_copies(a: PictureValues, b: PictureValues) -> Evidence | None:
    """What sets two pictures apart that are copies by a hash of the whole; None where nothing does.

    That is an altered part, or that their pixels contradict the hash, as those of two charts of one
    style do: the relation is then none of a copy. Where features are too few to align the pictures
    they are laid over each other as they are.
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
    # A hash of the whole is right of photographs more often than windows are, not of graphics.
    if not (agreement.same or agreement.contradicts or is_graphic(overlap)):
        return None
    found = _told(alignment, overlap, agreement, a, b, near=True)
    says_same = found is None or (found.relation == Relation.COPY and not found.altered)
    return None if looks_same and says_same else found


def _told(
    alignment: Alignment,
    overlap: Overlap,
    agreement: Agreement,
    a: PictureValues,
    b: PictureValues,
    *,
    near: bool = False,
) -> Evidence | None:
    """The evidence of two pictures that are laid over each other.

    Pairs that a hash calls copies (`near`) always have a result, however little of them agrees.
    """
    parts = overlap.covered_a * agreement.extent, overlap.covered_b * agreement.extent
    relation, altered = Relation.SHARES_ELEMENT, Altered()
    same = agreement.same and not says_otherwise(alignment, overlap, agreement.evidence, a, b)
    if same:
        relation = relation_of(parts, (overlap.covered_a, overlap.covered_b))
    if relation != Relation.SHARES_ELEMENT:
        if is_another_shot(alignment):
            relation, same = Relation.SAME_SCENE, False
        else:
            altered = Altered.of(altered_regions(overlap), overlap)
    cells_a = agreement.cells(overlap.to_a, overlap.size_a)
    cells_b = agreement.cells(overlap.to_b, overlap.size_b)
    element = near or _is_element(alignment, cells_a, cells_b)
    if relation == Relation.SHARES_ELEMENT and not element:
        return None
    return Evidence(
        relation=relation,
        **alignment.placed(),
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
    shown = min(int(cells_a.sum()), int(cells_b.sum())) >= _ELEMENT_CELLS
    return shown and alignment.inliers >= _ELEMENT_INLIERS
