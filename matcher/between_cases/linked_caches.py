"""Links a union to the caches of its cases, so that nothing is computed again.

Near pairs of hashes and compared pairs of pictures are files that never change, so they are linked.
A join of features grows in place, so the join of the case with the most pictures is copied.
"""

from collections.abc import Sequence

from frametrace.case.atomic_files import link_file
from frametrace.case.store import Case
from frametrace.embed.signals import copy_hashes
from frametrace.index.feature_join.join_folder import copy_join, joined_picture_count
from frametrace.index.index_store import PAIRS_DONE, index_folder
from frametrace.matcher.framing.by_example.saved_framings import share_framings
from frametrace.matcher.pictures.compare_pairs import JOIN, compared_folder

__all__ = ["link_caches"]


def link_caches(cases: Sequence[Case], union: Case) -> None:
    """Link or copy the caches and named framings of cases, if made by the union's signals.

    A kind of cache that the union already has is left as it is.
    """
    _link_hash_pairs(cases, union)
    share_framings(cases, union)
    target = compared_folder(union)
    sources = [folder for case in cases if (folder := compared_folder(case)).name == target.name]
    if not target.is_dir():
        for folder in sources:
            for file in sorted(folder.glob("*.parquet")):
                link_file(file, target / file.name)
    if not (target / JOIN).is_dir():
        largest = max(sources, key=lambda folder: joined_picture_count(folder / JOIN), default=None)
        if largest is not None:
            copy_join(largest / JOIN, target / JOIN)


def _link_hash_pairs(cases: Sequence[Case], union: Case) -> None:
    for name in copy_hashes():
        target = index_folder(union, name)
        if target.is_dir():
            continue
        for case in cases:
            folder = index_folder(case, name)
            if any(folder.glob(PAIRS_DONE)):
                for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                    link_file(file, target.parent / folder.name / file.relative_to(folder))
