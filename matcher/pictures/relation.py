"""Names the relation of two aligned pictures by the parts of each that agree."""

from frametrace.matcher.result_schemas import Relation

__all__ = ["relation_of"]

# Set on 27 edits of 60 photographs (99.7 % get the right relation) and on 150 other photographs;
# see benchmarks/README.md.
_WHOLE = 0.6  # least part of a picture that agrees if (nearly) all of it is in the other picture
_HALF = 0.55  # least part of the other picture that agrees in a copy; one of two panels has half
# A picture that covers at most _INSIDE of the other lies inside it, and then _PANEL of it is
# enough: panels and screenshots crop photos to their own shape. At least _FRAME of its frame must
# lie in the other, as half does in two collages with one panel in common.
_INSIDE, _PANEL, _FRAME = 0.85, 0.35, 0.7


def relation_of(parts: tuple[float, float], covered: tuple[float, float]) -> Relation:
    """The relation of two pictures of one photograph.

    `parts` are the parts of A and B that agree, `covered` the parts that the other's frame covers.
    """
    if max(parts) >= _WHOLE:
        return Relation.COPY if min(parts) >= _HALF else Relation.CONTAINS
    for part, own_covered, other_covered in (
        (parts[0], *covered),
        (parts[1], *reversed(covered)),
    ):
        lies_inside = part >= _HALF or (part >= _PANEL and own_covered >= _FRAME)
        if lies_inside and other_covered <= _INSIDE:
            return Relation.CONTAINS
    return Relation.SHARES_ELEMENT
