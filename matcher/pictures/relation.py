"""What an aligned pair of pictures is called, by the parts of both that agree."""

from frametrace.matcher.results import Relation

__all__ = ["relation_of"]

# By 27 edits of 60 photographs (99.7 % are called what they are), held against 150 other ones; see
# benchmarks/README.md.
_WHOLE = 0.6  # of a picture that agrees: it is there, all or nearly
_HALF = 0.55  # a copy shows that part of the other picture at least; one of two panels has half
# A picture whose frame covers no more of the other lies inside it, and a third of it is enough to
# be seen: panels and screenshots cut photos to their own shape.
_INSIDE, _PANEL = 0.85, 0.35
_FRAME = 0.7  # of its own frame lies in the other then: of two collages with one panel half does


def relation_of(parts: tuple[float, float], covered: tuple[float, float]) -> Relation:
    """By the parts of A and B that agree, and what of each the other's frame covers.

    Both show one photograph, as far as their pixels tell.
    """
    if max(parts) >= _WHOLE:
        return Relation.COPY if min(parts) >= _HALF else Relation.CONTAINS
    for part, frame, room in ((parts[0], *covered), (parts[1], *reversed(covered))):
        lies_inside = part >= _HALF or (part >= _PANEL and frame >= _FRAME)
        if lies_inside and room <= _INSIDE:
            return Relation.CONTAINS
    return Relation.SHARES_ELEMENT
