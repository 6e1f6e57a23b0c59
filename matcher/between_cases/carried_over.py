"""What was computed or named inside the cases of a union, handed on to it.

Near pairs of hashes and compared pairs of pictures are files that never change: they are linked. A
join of features grows in place: it is copied, that of the case with most pictures.
"""

from collections.abc import Sequence

from frametrace.case.files import link_file
from frametrace.case.store import Case
from frametrace.embed.signals import copy_hashes
from frametrace.index.feature_join.join_folder import copy_join, joined_picture_count
from frametrace.index.store import PAIRS_DONE, index_folder
from frametrace.matcher.framing.by_example.saved_framings import share_framings
from frametrace.matcher.pictures.edited_copies import JOIN, compared_folder

__all__ = ["hand_over"]


def hand_over(cases: Sequence[Case], union: Case) -> None:
    """Give a union what was computed in its cases, as far as it belongs to the same signals.

    A union that has something of a kind keeps to that.
    """
    _pairs_of_hashes(cases, union)
    share_framings(cases, union)
    ours = compared_folder(union)
    alike = [folder for case in cases if (folder := compared_folder(case)).name == ours.name]
    if not ours.is_dir():
        for folder in alike:
            for file in sorted(folder.glob("*.parquet")):
                link_file(file, ours / file.name)
    if not (ours / JOIN).is_dir():
        largest = max(alike, key=lambda folder: joined_picture_count(folder / JOIN), default=None)
        if largest is not None:
            copy_join(largest / JOIN, ours / JOIN)


def _pairs_of_hashes(cases: Sequence[Case], union: Case) -> None:
    for name in copy_hashes():
        ours = index_folder(union, name)
        if ours.is_dir():
            continue
        for case in cases:
            folder = index_folder(case, name)
            if any(folder.glob(PAIRS_DONE)):
                for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                    link_file(file, ours.parent / folder.name / file.relative_to(folder))
