"""Downloads from a hub on loopback: interrupted, continued, with wrong digests, turned off."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from serving_models import Hub

from frametrace.embed.models.fetch_model import INCOMPLETE, fetch_model
from frametrace.embed.models.model_catalogue import (
    KNOWN_MODELS,
    KnownModel,
    ModelFile,
    hub_snapshot,
    installed_at,
    known_model,
)
from frametrace.embed.models.model_files import cached
from frametrace.posts.errors import ModelMissing, UsageError

pytest.importorskip("huggingface_hub")
pytestmark = pytest.mark.models

REVISION = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = bytes(range(256)) * 2000
FILES = {"config.json": b'{"made": "for a test"}', "1_Pooling/config.json": b"{}"}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    with Hub({**FILES, "model.safetensors": WEIGHTS}) as started:
        monkeypatch.setattr(constants, "ENDPOINT", started.address)
        template = started.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100_000)  # bytes: written at once
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield started


@pytest.fixture
def model() -> KnownModel:
    """A model of the hub: the digest of its weights is known, that of the rest is not."""
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    return KnownModel(
        name="made",
        signal="caption",
        title="made for a test",
        licence="none",
        extra="models",
        module="json",
        source="https://hub.invalid/team/made",
        repository="team/made",
        revision=REVISION,
        files=(
            *(ModelFile(path) for path in FILES),
            ModelFile("model.safetensors", len(WEIGHTS), digest),
        ),
    )


@pytest.fixture
def lone(hub: Hub) -> KnownModel:
    """A model of one file elsewhere, as SSCD is published."""
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    return KnownModel(
        name="lone",
        signal="copy",
        title="made for a test",
        licence="none",
        extra="models",
        module="json",
        source="https://lone.invalid",
        url=f"{hub.address}/elsewhere/model.safetensors",
        files=(ModelFile("model.safetensors", len(WEIGHTS), digest),),
    )


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_model_is_downloaded_and_found_as_the_signals_look_for_it(
    hub: Hub, model: KnownModel
) -> None:
    assert installed_at(model) is None
    folder = fetch_model(model)
    assert content(folder) == hub.files
    assert folder == installed_at(model) == hub_snapshot(model)
    assert cached("team/made", "config.json") == folder / "config.json"
    assert any(REVISION in path for path, _ in hub.requests)
    downloads = len(hub.requests)
    fetch_model(model)
    assert [path for path, _ in hub.requests[downloads:] if "/resolve/" in path] == []


def test_a_file_from_elsewhere_is_downloaded(hub: Hub, lone: KnownModel, tmp_path: Path) -> None:
    at = fetch_model(lone)
    assert at == installed_at(lone) == tmp_path / "cache/frametrace/models/model.safetensors"
    assert at.read_bytes() == WEIGHTS


@pytest.mark.parametrize("where", ["hub", "elsewhere"])
def test_an_interrupted_download_continues_where_it_stopped(
    hub: Hub, model: KnownModel, lone: KnownModel, where: str
) -> None:
    chosen = model if where == "hub" else lone
    hub.cut_after = 300_000
    with pytest.raises(ModelMissing, match="Run the same command again to continue") as refused:
        fetch_model(chosen)
    assert "frametrace models --files" in str(refused.value)
    assert installed_at(chosen) is None
    hub.cut_after, hub.is_down = None, False
    notes: list[str] = []
    at = fetch_model(chosen, notes.append)
    assert (at / "model.safetensors" if at.is_dir() else at).read_bytes() == WEIGHTS
    assert hub.requests[-1][1] == "bytes=300000-"
    assert "model.safetensors: continued at 300,000 of 512,000 bytes" in notes
    parent = at if at.is_dir() else at.parent
    assert not [name for name in content(parent) if name.endswith(INCOMPLETE)]


@pytest.mark.parametrize("path", ["model.safetensors", "config.json"])
def test_a_file_with_another_digest_is_deleted(hub: Hub, model: KnownModel, path: str) -> None:
    hub.served[path] = bytes(len(hub.files[path]))
    with pytest.raises(ModelMissing, match="not the published one") as refused:
        fetch_model(model)
    assert "deleted" in str(refused.value)
    assert installed_at(model) is None
    assert path not in content(hub_snapshot(model))
    assert path + INCOMPLETE not in content(hub_snapshot(model))
    hub.served.clear()
    assert content(fetch_model(model)) == hub.files


def test_what_was_left_of_another_file_is_not_kept(hub: Hub, lone: KnownModel) -> None:
    at = fetch_model(lone)
    partial = at.with_name(at.name + INCOMPLETE)
    for left in (b"of another file", bytes(len(WEIGHTS) + 1)):
        at.unlink()
        partial.write_bytes(left)
        if len(left) < len(WEIGHTS):
            with pytest.raises(ModelMissing, match="not the published one"):
                fetch_model(lone)
        assert fetch_model(lone).read_bytes() == WEIGHTS


def test_a_damaged_file_is_downloaded_again(hub: Hub, lone: KnownModel) -> None:
    at = fetch_model(lone)
    at.write_bytes(WEIGHTS[:-1])
    assert fetch_model(lone).read_bytes() == WEIGHTS


def test_a_hub_that_states_another_digest_is_refused_before_any_download(
    hub: Hub, model: KnownModel
) -> None:
    hub.files["model.safetensors"] = WEIGHTS[::-1]
    with pytest.raises(ModelMissing, match=r"the hub states .* check HF_ENDPOINT"):
        fetch_model(model)
    assert not [path for path, _ in hub.requests if "/resolve/" in path]


def test_a_file_that_the_hub_lacks_is_named(hub: Hub, model: KnownModel) -> None:
    del hub.files["config.json"], hub.files["1_Pooling/config.json"]
    with pytest.raises(ModelMissing, match=r"has no config\.json"):
        fetch_model(model)


def test_nothing_is_downloaded_where_downloads_are_off(
    hub: Hub, model: KnownModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UsageError, match="frametrace models --files made"):
        fetch_model(model)
    assert hub.requests == []


def test_a_full_disk_is_noticed_before_any_download(
    hub: Hub, model: KnownModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from frametrace.embed.models import fetch_model as module

    usage = module.shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(ModelMissing, match=r"room for 1,000 bytes.*make room"):
        fetch_model(model)
    assert not [path for path, _ in hub.requests if "/resolve/" in path]


def test_models_inside_packages_are_not_downloaded() -> None:
    for model in KNOWN_MODELS:
        if not model.files:
            with pytest.raises(UsageError, match="comes inside a package"):
                fetch_model(model)


def test_a_branch_that_lacks_a_file_is_not_the_model(hub: Hub, model: KnownModel) -> None:
    more = replace(model, files=(*model.files, ModelFile("tokenizer.json")))
    fetch_model(model)
    assert installed_at(more) is None


def test_an_unknown_model_is_refused_with_the_names_of_the_known() -> None:
    with pytest.raises(UsageError, match="Choose from: clip, caption-multilingual, copy"):
        known_model("nope")
