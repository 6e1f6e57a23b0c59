"""Options of commands reach the stages that they are for."""

import json
import shutil

import pytest

from frametrace.app.commands.embed import command as embed_command
from frametrace.app.stage_settings import embed_settings
from frametrace.case.store import Case
from frametrace.embed.models.runtime import NumericPrecision
from frametrace.matcher.saved_results import load_results


@pytest.mark.parametrize(
    ("given", "settings"),
    [
        ((), {"max_pdq": 31, "neighbours": 50}),
        (("--max-pdq", "20", "--min-decades", "6"), {"max_pdq": 20, "min_decades": 6.0}),
    ],
)
def test_what_counts_as_a_match_can_be_chosen(small_case, tmp_path, command, given, settings):
    case = shutil.copytree(small_case.path, tmp_path / "case")
    done = command("match", case, *given, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["settings"]
    _, run = load_results(Case(case))
    assert settings.items() <= told.items()
    assert settings.items() <= run.settings.items()


def test_every_arithmetic_can_be_chosen_and_reaches_the_models():
    (option,) = (found for found in embed_command.params if found.name == "arithmetic")
    assert list(option.type.choices) == [str(known) for known in NumericPrecision]
    for given in (None, *option.type.choices):
        context = embed_command.make_context(
            "embed", ["case", *(("--arithmetic", given) if given else ())]
        )
        chosen = embed_settings(context.params).models.precision
        assert chosen == given
        assert chosen is None or isinstance(chosen, NumericPrecision)
