"""Groups are told apart, whatever their names would be."""

from pathlib import Path

import pyarrow as pa
from making import jpeg, make_case, photo

from frametrace.matcher.groups import groups_of, members_of
from frametrace.matcher.photos.group_assignment import ASSIGNED, LISTED
from frametrace.matcher.result_schemas import EVIDENCE, GROUPS


def test_groups_whose_medoids_digests_begin_alike_stay_apart(tmp_path: Path) -> None:
    pictures = {f"{name}.jpg": jpeg(photo(at)) for at, name in enumerate("abc")}
    posts = [{"text": "", "media": [name]} for name in pictures for _ in range(2)]
    case = make_case(tmp_path, posts, pictures, signals=())
    digests = sorted(case.read("media", ["sha256"])["sha256"].to_pylist())
    medoids = [f"{'a' * 16}{'b' * 48}", f"{'a' * 16}{'c' * 48}", "d" * 64]
    places = pa.table(
        {
            "sha256": digests,
            "medoid_sha256": medoids,
            "via_sha256": pa.nulls(3, pa.string()),
            "signal": ["pdq"] * 3,
            "distance": pa.array([3] * 3, pa.int32()),
            "similarity": pa.array([0.9] * 3, pa.float32()),
            **{column.name: pa.nulls(3, column.type) for column in EVIDENCE},
        },
        schema=ASSIGNED,
    )
    none = GROUPS.empty_table().select(["group_id", "cohesion"])
    groups, members = groups_of([members_of(case, places, LISTED.empty_table())], none)
    names = {f"photo-{medoids[0]}", f"photo-{medoids[1]}", f"photo-{'d' * 16}"}
    assert set(groups["group_id"].to_pylist()) == names
    assert groups["posts"].to_pylist() == [2, 2, 2]
    assert members.num_rows == 6
