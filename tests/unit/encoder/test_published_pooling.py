"""Sentence encoders that publish their pooling."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.published_pooling import PublishedPooling
from crosslift.errors import CheckpointError, InputError
from crosslift.retrieval.embedder import embedder
from tests.tiny import TEXTS

WEIGHT = torch.arange(32.0).reshape(8, 4).T.repeat(2, 4)[:8] / 32  # (8, 32)


def modules(directory: Path, *types: str, pooling: dict[str, Any], dense: str = "Tanh", binary: bool = False) -> Path:
    listed = [
        {"idx": i, "path": f"{i}_{task_type}", "type": f"sentence_transformers.models.{task_type}"}
        for i, task_type in enumerate(types)
    ]
    (directory / "modules.json").write_text(json.dumps(listed))
    for module in listed:
        place = directory / module["path"]
        place.mkdir(exist_ok=True)
        if module["path"].endswith("Pooling"):
            (place / "config.json").write_text(json.dumps(pooling))
        if module["path"].endswith("Dense"):
            activation = f"torch.nn.modules.activation.{dense}"
            settings = {"in_features": 32, "out_features": 8, "bias": False, "activation_function": activation}
            (place / "config.json").write_text(json.dumps(settings))
            weights = {"linear.weight": WEIGHT.contiguous()}
            if binary:
                torch.save(weights, place / "pytorch_model.bin")
            else:
                save_file(weights, place / "model.safetensors")
    return directory


@pytest.fixture
def directory(checkpoint: Callable[[str], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint("bert"), tmp_path / "model"))


CLS = {"word_embedding_dimension": 32, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}


@pytest.mark.parametrize("binary", [False, True])
def test_the_modules_are_applied_in_order(directory: Path, binary: bool) -> None:
    modules(directory, "Transformer", "Pooling", "Dense", "Normalize", pooling=CLS, binary=binary)
    encoder = Encoder.load(directory)
    vectors = embedder(encoder, "mining", "native")(TEXTS[:3], language="en")
    with torch.no_grad():
        inputs = encoder.collate(encoder.tokenize(TEXTS[:3]))
        wanted = functional.normalize(torch.tanh(encoder.encode(inputs)[:, 0] @ WEIGHT.T), dim=-1)
    torch.testing.assert_close(torch.from_numpy(vectors), wanted, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "settings", [CLS | {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, {"pooling_mode": "mean"}]
)
def test_older_and_newer_words_for_the_mean(directory: Path, settings: dict[str, Any]) -> None:
    modules(directory, "Transformer", "Pooling", pooling=settings)
    assert PublishedPooling.load(str(directory)) == PublishedPooling("mean")


@pytest.mark.parametrize(
    ("types", "settings", "message"),
    [
        (
            ("Transformer", "Pooling"),
            {"pooling_mode": "weightedmean"},
            "its published pooling is weightedmean; expected exactly one of cls, mean",
        ),
        (
            ("Transformer", "Pooling"),
            CLS | {"pooling_mode_mean_tokens": True},
            "its published pooling is cls, mean; expected",
        ),
        (("Transformer",), {}, "names no Pooling"),
        (("Transformer", "Pooling", "LSTM"), CLS, "unsupported module 'LSTM'"),
    ],
)
def test_what_is_not_known_is_an_error(directory: Path, types: tuple[str, ...], settings: Any, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        PublishedPooling.load(str(modules(directory, *types, pooling=settings)))


def test_an_unknown_activation_is_an_error(directory: Path) -> None:
    modules(directory, "Pooling", "Dense", pooling=CLS, dense="Softplus")
    with pytest.raises(CheckpointError, match="activation 'Softplus'"):
        PublishedPooling.load(str(directory))


def test_a_checkpoint_that_does_not_say(checkpoint: Callable[[str], Path]) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    with pytest.raises(CheckpointError, match=r"no modules\.json"):
        embedder(encoder, "retrieval", "native")
    with pytest.raises(InputError, match="did you mean 'native'"):
        embedder(encoder, "retrieval", "nativ")
