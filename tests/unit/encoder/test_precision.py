"""Prediction in lower precision, on every family."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from crosslift.api.examples import PairExample
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.precision import Precision, lower
from crosslift.evaluation.predict import predict
from crosslift.heads.task_model import TaskModel
from tests.tiny import TEXTS

EXAMPLES = [PairExample(str(i), text, TEXTS[i - 1], "yes") for i, text in enumerate(TEXTS)]


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
@pytest.mark.parametrize("family", ["bert", "xlm", "xlm-roberta", "deberta-v2", "modernbert", "t5"])
def test_fewer_bits_say_nearly_the_same(checkpoint: Callable[[str], Path], family: str, precision: Precision) -> None:
    model = TaskModel.create(Encoder.load(checkpoint(family)), "pair", ("yes", "no"), seed=0)
    whole = predict(model, EXAMPLES, language="en", max_length=48)
    lower(model.module, precision)
    lowered = predict(model, EXAMPLES, language="en", max_length=48)
    before, after = ([record["probability"] for record in records] for records in (whole, lowered))
    assert after != before
    assert after == pytest.approx(before, abs=0.05)


def test_bfloat16_weights_are_bfloat16_and_float32_changes_nothing(checkpoint: Callable[[str], Path]) -> None:
    model = TaskModel.create(Encoder.load(checkpoint("bert")), "pair", ("yes", "no"), seed=0)
    whole = predict(model, EXAMPLES, language="en", max_length=48)
    lower(model.module, "float32")
    assert predict(model, EXAMPLES, language="en", max_length=48) == whole
    lower(model.module, "bfloat16")
    assert {weight.dtype for weight in model.module.parameters()} == {torch.bfloat16}
    assert {weight.dtype for weight in model.encoder.model.parameters()} == {torch.bfloat16}
