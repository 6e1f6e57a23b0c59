"""Opens the signals of a case for a search: with the model that made its values, and the index."""

from typing import TypeVar

from frametrace.case.store import Case
from frametrace.embed.models.runtimes import Arithmetic, of_weights
from frametrace.embed.signals import SIGNALS, ModelChoice, Signal
from frametrace.embed.signals.clip import Clip
from frametrace.index.store import Index, open_index
from frametrace.posts.errors import IndexMismatch
from frametrace.work.progress import Progress

__all__ = ["open_index_as", "open_signal", "open_signal_as", "weights_of"]

_SignalKind = TypeVar("_SignalKind", bound=Signal)
_IndexKind = TypeVar("_IndexKind", bound=Index)


def weights_of(case: Case, signal: str) -> str:
    """The weights, or the algorithm, that made a case's values; empty if it has none.

    The numeric precision is left out: values of one model in two precisions can be compared
    (docs/signals.md).
    """
    return of_weights(case.epoch.signals.get(signal, {}).get("fingerprint", ""))


def open_signal(case: Case, signal: str) -> Signal:
    """The signal with the weights that made the case's values, in float32: queries are few.

    Raises `IndexMismatch` if this machine has other weights.
    """
    made_by = case.epoch.signals[signal]
    model, weights = made_by.get("model", ""), made_by.get("weights", "")
    exact = Arithmetic.FLOAT32
    maker = SIGNALS[signal].open(
        ModelChoice(model, weights, arithmetic=exact)
        if signal == Clip.name
        else ModelChoice(caption_model=model, arithmetic=exact)
    )
    if of_weights(maker.made_by["fingerprint"]) != weights_of(case, signal):
        raise IndexMismatch(
            f"{case.path} holds {signal} made by {made_by['fingerprint']}, this machine has "
            f"{maker.made_by['fingerprint']}: install the first model, or compute all values "
            f"again with: frametrace embed {case.path} --signal {signal} --replace"
        )
    return maker


def open_signal_as(kind: type[_SignalKind], case: Case, signal: str) -> _SignalKind:
    """The same as `open_signal`. Raises `IndexMismatch` if the signal is of another kind."""
    maker = open_signal(case, signal)
    if not isinstance(maker, kind):
        raise IndexMismatch(f"{signal} is a {type(maker).__name__}, not a {kind.__name__}")
    return maker


def open_index_as(
    kind: type[_IndexKind], case: Case, signal: str, progress: Progress | None = None
) -> _IndexKind:
    """The index of a signal. Raises `IndexMismatch` if it is of another kind."""
    index = open_index(case, signal, progress)
    if not isinstance(index, kind):
        raise IndexMismatch(
            f"{case.path}: the index of {signal} is a {type(index).__name__}, not a {kind.__name__}"
        )
    return index
