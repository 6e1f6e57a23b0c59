"""What aligned pictures are called, by the parts that agree."""

import pytest

from frametrace.matcher.pictures.relation import relation_of
from frametrace.matcher.result_schemas import Relation

ALL = (1.0, 1.0)


@pytest.mark.parametrize(
    ("parts", "covered", "relation"),
    [
        ((1.0, 1.0), ALL, Relation.COPY),
        ((0.7, 1.0), (0.7, 1.0), Relation.COPY),  # cropped
        ((0.6, 0.55), ALL, Relation.COPY),
        ((1.0, 0.5), (1.0, 0.5), Relation.CONTAINS),  # one of two panels
        ((1.0, 0.05), (1.0, 0.05), Relation.CONTAINS),  # an inset
        ((0.3, 1.0), (0.3, 1.0), Relation.CONTAINS),  # a narrow crop
        ((0.65, 0.2), (0.65, 0.22), Relation.CONTAINS),  # a panel that cuts it
        ((0.4, 0.2), (0.75, 0.4), Relation.CONTAINS),  # the same, partly covered
        ((0.58, 0.5), (0.6, 0.85), Relation.CONTAINS),
        ((0.34, 0.2), (0.75, 0.4), Relation.SHARES_ELEMENT),
        ((0.5, 0.5), (0.5, 0.5), Relation.SHARES_ELEMENT),  # the same in another place
        ((0.5, 0.5), ALL, Relation.SHARES_ELEMENT),  # two collages that share a panel
        ((0.5, 0.5), (0.9, 0.9), Relation.SHARES_ELEMENT),
        ((0.2, 0.2), (0.2, 0.2), Relation.SHARES_ELEMENT),  # crops that overlap little
    ],
)
def test_what_pictures_are_called_by_the_parts_that_agree(parts, covered, relation):
    assert relation_of(parts, covered) is relation
    assert relation_of(parts[::-1], covered[::-1]) is relation
