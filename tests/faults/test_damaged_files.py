"""A damaged file of a case changes no answer: it is refused, or has no effect."""

import random
from pathlib import Path

import pytest
from damaging import Answers, Damage, copy_damaged, flip_a_bit, tear

FLIPS = 5  # in one test
TEARS = 2


def parts(campaign: int) -> list[object]:
    """Seeds; `make test` tries only the first."""
    return [0, *(pytest.param(part, marks=pytest.mark.campaign) for part in range(1, campaign))]


@pytest.mark.parametrize("part", parts(400))
def test_a_flipped_bit_changes_no_answer(
    part: int, everything: Path, undisturbed: Answers, tmp_path: Path
) -> None:
    assert problems_of(flip_a_bit, FLIPS, part, everything, undisturbed, tmp_path) == []


@pytest.mark.parametrize("part", parts(100))
def test_a_file_written_in_part_changes_no_answer(
    part: int, everything: Path, undisturbed: Answers, tmp_path: Path
) -> None:
    assert problems_of(tear, TEARS, part, everything, undisturbed, tmp_path) == []


def problems_of(
    damage: Damage, times: int, seed: int, everything: Path, undisturbed: Answers, folder: Path
) -> list[str]:
    """The commands that answer something else and don't say why, and from which damage."""
    dice = random.Random(seed)
    problems = []
    for at in range(times):
        work, answers = folder / str(at), folder / f"answers{at}"
        work.mkdir()
        answers.mkdir()
        what = copy_damaged(everything, work, dice, damage)
        wrong = undisturbed.wrong(Answers.of(work, answers))
        problems += [f"{what}: {problem}" for problem in wrong]
    return problems
