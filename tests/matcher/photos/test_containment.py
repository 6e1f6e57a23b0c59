"""What is listed with a photo without being a copy of it."""

import pyarrow as pa
import pytest

from frametrace.matcher.photos.containment import listed_with
from frametrace.matcher.photos.group_assignment import ASSIGNED, LISTED
from frametrace.matcher.result_schemas import EVIDENCE


@pytest.mark.parametrize(("photos", "listed"), [(16, 16), (17, 0)])
def test_what_is_a_part_of_very_many_photos_is_a_logo_and_stands_with_none(
    photos: int, listed: int
) -> None:
    names = [f"photo-{at:02}" for at in range(photos)]
    links = pa.table(
        {
            "picture": ["logo"] * photos,
            "tie": names,
            "photo": names,
            "relation": ["part"] * photos,
            "similarity": pa.array([0.5] * photos, pa.float32()),
            **{field.name: pa.nulls(photos, field.type) for field in EVIDENCE},
        }
    )
    of = {"sha256": [*names, "logo"], "medoid_sha256": [*names, "logo"]}
    held = pa.Table.from_pylist(
        [
            {"sha256": sha256, "medoid_sha256": medoid, "signal": "sha256"}
            for sha256, medoid in zip(*of.values(), strict=True)
        ],
        ASSIGNED,
    )
    found = listed_with(links, held, held)
    assert found.schema == LISTED
    assert found["medoid_sha256"].to_pylist() == names[:listed]
    assert set(found["sha256"].to_pylist()) <= {"logo"}
