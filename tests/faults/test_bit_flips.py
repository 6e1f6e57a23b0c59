"""A flipped bit in any file of a case changes no answer: it is refused, or has no effect."""

import random
from pathlib import Path

import pytest
from flipping import Answers, flipped

FLIPS = 5  # in one test
PARTS = (0, *(pytest.param(part, marks=pytest.mark.campaign) for part in range(1, 400)))


@pytest.mark.parametrize("part", PARTS)
def test_a_flipped_bit_changes_no_answer(
    part: int, everything: Path, undisturbed: Answers, tmp_path: Path
) -> None:
    dice = random.Random(part)
    wrong = []
    for at in range(FLIPS):
        work = tmp_path / str(at)
        work.mkdir()
        with flipped(everything, work, dice) as flip:
            answers = tmp_path / f"answers{at}"
            answers.mkdir()
            problems = undisturbed.wrong(Answers.of(work, answers))
            wrong += [f"{flip}: {problem}" for problem in problems]
    assert wrong == []
