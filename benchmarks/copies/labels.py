"""Records the truth about one picture of the whole-case benchmark, and the table of all."""

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa
from copies.canvas import Box

__all__ = ["SCHEMA", "Label", "Role", "labels_of"]


class Role(StrEnum):
    """Why a picture is in the case."""

    ORIGINAL = "original"
    DISTRACTOR = "distractor"
    EDIT = "edit"  # a scripted edit of an original
    TEMPLATE = "template"  # a screenshot, card, chart, frame of a kind
    SAME_EDIT = "same edit"  # different photographs edited with the same random numbers
    LOOK_ALIKE = "look-alike"  # real photographs of one scene, or nearly
    ALTERED = "altered"  # an original with a falsified part
    CONTROL = "control"  # an original that was filtered or sent on, with nothing falsified


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about one picture.

    `photo` names the photograph it was made of, `shows` all that it visibly shows: two pictures are
    rightly together if they have one of these in common. `template` is the same for pictures that
    have all but their photograph in common, empty of others. `box` is what was falsified, in
    fractions of the original, `box_sent` the same in fractions of this picture; `area` is its part.
    """

    role: Role
    kind: str
    photo: str
    shows: tuple[str, ...]
    template: str = ""
    box: Box | None = None
    box_sent: Box | None = None
    area: float = 0.0
    sha256: str = ""


_BOX = pa.list_(pa.float32(), 4)
SCHEMA = pa.schema(
    [
        ("role", pa.string()),
        ("kind", pa.string()),
        ("photo", pa.string()),
        ("shows", pa.list_(pa.string())),
        ("template", pa.string()),
        ("box", _BOX),
        ("box_sent", _BOX),
        ("area", pa.float32()),
        ("sha256", pa.string()),
        ("picture", pa.binary()),
    ]
)


def labels_of(table: pa.Table) -> list[Label]:
    """The rows of a table in `SCHEMA`, without the pictures' bytes."""
    rows = []
    for row in table.drop_columns("picture").to_pylist():
        boxes = {name: tuple(row[name]) if row[name] else None for name in ("box", "box_sent")}
        row |= {"role": Role(row["role"]), "shows": tuple(row["shows"]), **boxes}
        rows.append(Label(**row))
    return rows
