"""Encodes texts as vectors with a loaded sentence model, in batches of texts of similar length.

In a batch, every text is padded to the length of the longest. So texts are sorted by their number
of tokens before they are cut into batches, and their vectors are put back into the original order.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from frametrace.embed.embed_settings import NumericPrecision
from frametrace.embed.models.choose_runtime import choose_runtime
from frametrace.embed.models.runtime import Batch, Network, Runtime
from frametrace.embed.models.runtime_agreement import PROBE_TEXTS

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

__all__ = ["SentenceEncoder", "by_length"]

_BATCH = 64  # texts, where the library makes the batches
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class SentenceEncoder:
    """A model of sentence-transformers and the runtime that was chosen for it.

    Sentence-transformers itself computes vectors in float32, and those of models that add a prompt
    to every text or have no padding.
    """

    def __init__(
        self, model: "SentenceTransformer", name: str, precision: NumericPrecision | None = None
    ) -> None:
        self._model = model
        self._runtime: Runtime | None = None
        self.precision, self.note = NumericPrecision.FLOAT32, ""
        padded = not model.default_prompt_name and "attention_mask" in self._tokens(["a"])
        if padded and precision is not NumericPrecision.FLOAT32:
            chosen = choose_runtime(self._network(name), precision)
            self.note = chosen.note
            if chosen.runtime.precision is not NumericPrecision.FLOAT32:
                self._runtime, self.precision = chosen.runtime, chosen.runtime.precision
        self.dimension = int(self.vectors(["a"]).shape[1])

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """The texts' vectors, (n, d) float32 of unit length, in the texts' order."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        if self._runtime is None:
            encoded: np.ndarray = self._model.encode(
                list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
            )
            return encoded
        tokens = self._tokens(texts)
        batches = by_length(tokens["attention_mask"], self._runtime.batch)
        computed = self._runtime.run([_cut(tokens, rows) for rows in batches])
        vectors = np.empty((len(texts), computed[0].shape[1]), np.float32)
        for rows, part in zip(batches, computed, strict=True):
            vectors[rows] = part
        return vectors

    def _tokens(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """The model's inputs by name: (n, longest) int64 each, padded."""
        tokenise = getattr(self._model, "preprocess", None) or self._model.tokenize
        tokens = tokenise(list(texts))
        return {name: tokens[name].numpy() for name in _INPUTS if name in tokens}

    def _network(self, name: str) -> Network:
        example, probes = self._tokens(PROBE_TEXTS[:2]), self._tokens(PROBE_TEXTS)
        device = self._model.device
        module = _module(self._model, tuple(example)).to(device)
        return Network(name, module, device, [tuple(example.values()), tuple(probes.values())])


def by_length(mask: np.ndarray, size: int) -> list[np.ndarray]:
    """Rows of an attention mask (n, longest) in groups of at most `size`, the shortest first."""
    order = np.argsort(mask.sum(axis=1), kind="stable")
    return [order[at : at + size] for at in range(0, len(order), size)]


def _cut(tokens: dict[str, np.ndarray], rows: np.ndarray) -> Batch:
    """Some rows, without the columns that are padding in all of them."""
    used = np.flatnonzero(tokens["attention_mask"][rows].any(axis=0))
    columns = slice(used[0], used[-1] + 1) if len(used) else slice(0, 1)
    return tuple(np.ascontiguousarray(values[rows, columns]) for values in tokens.values())


def _module(model: "SentenceTransformer", names: tuple[str, ...]) -> "torch.nn.Module":
    """The tokens' arrays to (n, d) float32 vectors of unit length."""
    import torch

    class Sentence(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tokens: torch.Tensor) -> torch.Tensor:
            output = self.model(dict(zip(names, tokens, strict=True)))
            return torch.nn.functional.normalize(output["sentence_embedding"].float(), dim=-1)

    return Sentence().eval()
