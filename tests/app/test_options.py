"""Options of commands reach the stages that they are for."""

import json
import re
import shutil
from dataclasses import fields

import pytest
from click.testing import CliRunner

from frametrace.app.cli import frametrace
from frametrace.app.commands.embed import command as embed_command
from frametrace.app.stage_settings import embed_settings
from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings, NumericPrecision
from frametrace.matcher.match_settings import MatchSettings, TieSettings
from frametrace.matcher.saved_results import load_results


@pytest.mark.parametrize(
    ("given", "settings"),
    [
        ((), {"max_pdq": 31, "neighbours": 50}),
        (("--max-pdq", "20", "--min-rarity", "6"), {"max_pdq": 20, "min_decades": 6.0}),
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
    (option,) = (found for found in embed_command.params if found.name == "precision")
    assert list(option.type.choices) == [str(known) for known in NumericPrecision]
    for given in (None, *option.type.choices):
        context = embed_command.make_context(
            "embed", ["case", *(("--precision", given) if given else ())]
        )
        chosen = embed_settings(context.params).models.precision
        assert chosen == given
        assert chosen is None or isinstance(chosen, NumericPrecision)


SETTINGS = [
    ("match", MatchSettings, "max_pdq", "--max-pdq"),
    ("match", MatchSettings, "min_decades", "--min-rarity"),
    ("framing", MatchSettings, "min_decades", "--min-rarity"),
    ("network", TieSettings, "fdr", "--fdr"),
    ("network", TieSettings, "max_accounts", "--max-accounts"),
    ("embed", EmbedSettings, "workers", "--workers"),
]


@pytest.mark.parametrize(("name", "settings", "field_name", "flag"), SETTINGS)
def test_help_shows_the_default_and_the_bounds_of_the_settings(name, settings, field_name, flag):
    (field,) = (field for field in fields(settings) if field.name == field_name)
    printed = CliRunner().invoke(frametrace, [name, "--help"]).stdout
    (entry,) = re.findall(rf"^ +{flag} .*?(?=^ +--|\Z)", printed, re.M | re.S)
    text = " ".join(entry.split())
    assert field.metadata["help"] in text
    assert f"[default: {field.default:g}" in text
    assert re.search(rf"{field.metadata['min']}<=?x<=?{field.metadata['max']}", text)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("match", "--min-decades", "--min-rarity"),
        ("framing", "--min-decades", "--min-rarity"),
        ("embed", "--arithmetic", "--precision"),
    ],
)
def test_the_old_name_of_an_option_is_accepted_and_not_shown(name, old, new):
    command = frametrace.get_command(None, name)
    (option,) = (option for option in command.params if old in option.opts)
    assert option.opts == [new, old]
    printed = CliRunner().invoke(frametrace, [name, "--help"]).stdout
    assert f"{new} " in printed
    assert old not in printed
