"""Commands from sources to an answer, for the signals whose weights the user names."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pytest
from making import copy_model_onnx, cropped, encoded, jpeg, photo, tiny_clip
from PIL import Image

Run = Callable[..., "CompletedProcess[str]"]


def done(command: Run, *arguments: object) -> str:
    result = command(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def case(tmp_path: Path, command: Run) -> Path:
    """A case with four pictures of one post each."""
    rows = ["platform,post_id,account_id,text,media"]
    for at in range(4):
        (tmp_path / f"{at}.jpg").write_bytes(jpeg(photo(at, 320, 240)))
        rows.append(f"x,p{at},a{at},,{at}.jpg")
    (tmp_path / "posts.csv").write_text("\n".join(rows) + "\n")
    done(command, "add", tmp_path / "case", tmp_path / "posts.csv", "--media", tmp_path)
    return tmp_path / "case"


def rows_of(printed: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(printed)["rows"]
    return rows


@pytest.mark.models
def test_a_text_finds_pictures_in_the_order_that_open_clip_gives(
    case: Path, tmp_path: Path, command: Run
) -> None:
    open_clip = pytest.importorskip("open_clip")
    import torch

    weights = tiny_clip(tmp_path / "clip")
    done(command, "embed", case, "--signal", "clip", "--clip-weights", weights)
    (indexed,) = json.loads(done(command, "index", case, "--json"))
    assert (indexed["signal"], indexed["items"]) == ("clip", 4)

    text = "people dressed in black on a bridge"
    model, transform = open_clip.create_model_from_pretrained(f"local-dir:{weights}")
    pictures = torch.stack([transform(Image.open(tmp_path / f"{at}.jpg")) for at in range(4)])
    with torch.inference_mode():
        shown = model.eval().encode_image(pictures, normalize=True)
        said = model.encode_text(open_clip.get_tokenizer("ViT-B-32")([text]), normalize=True)
    expected = (shown @ said[0]).numpy()

    found = rows_of(done(command, "query", case, "--text", text, "--signal", "clip", "--json"))
    assert [row["post_id"] for row in found] == [f"p{at}" for at in np.argsort(-expected)]
    similarities = [row["similarity"] for row in found]
    np.testing.assert_allclose(similarities, np.sort(expected)[::-1], atol=1e-4)
    printed = done(command, "query", case, "--text", text, "--signal", "clip")
    assert "similar" in printed
    assert "0.jpg" in printed


def test_a_copy_is_found_by_a_copy_model_and_nothing_else_is(
    case: Path, tmp_path: Path, command: Run
) -> None:
    pytest.importorskip("onnxruntime")
    model = copy_model_onnx(tmp_path / "copy.onnx")
    embedded = done(command, "embed", case, "--signal", "copy", "--copy-model", model, "--json")
    made_by = json.loads(embedded)["signals"]["copy"]
    assert made_by["preprocessing"].startswith("RGB, resized to 320 x 320")
    (indexed,) = json.loads(done(command, "index", case, "--json"))
    assert (indexed["signal"], indexed["items"]) == ("copy", 4)

    asked = tmp_path / "asked.png"
    asked.write_bytes(encoded(cropped(photo(2, 320, 240), 0.97), "PNG"))
    (found,) = rows_of(done(command, "query", case, asked, "--signal", "copy", "--json"))
    assert (found["post_id"], found["relation"]) == ("p2", "similar")
    assert 0.75 < found["similarity"] < 1
    assert "copy: similarity" in done(command, "query", case, asked, "--signal", "copy")

    model.unlink()
    gone = command("query", case, asked, "--signal", "copy")
    assert gone.returncode == 2
    assert "--copy-model" in gone.stderr


def test_a_copy_model_that_changed_is_noticed(case: Path, tmp_path: Path, command: Run) -> None:
    pytest.importorskip("onnxruntime")
    model = copy_model_onnx(tmp_path / "copy.onnx")
    chosen = ("--signal", "copy", "--copy-model", model)
    done(command, "embed", case, *chosen)
    copy_model_onnx(model, seed=2)
    query = command("query", case, tmp_path / "1.jpg", "--signal", "copy")
    assert query.returncode == 3
    assert "--replace" in query.stderr
    refused = command("embed", case, *chosen)
    assert refused.returncode == 3
    assert "--replace" in refused.stderr
    done(command, "embed", case, *chosen, "--replace")
    assert "p1" in done(command, "query", case, tmp_path / "1.jpg", "--signal", "copy")
