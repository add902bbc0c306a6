"""The pooling that a sentence encoder is published with: the modules of sentence-transformers in its files.

Paper: reimers-gurevych-2019-sentence (the file format).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from crosslift.choices import StatePooling
from crosslift.compat import checkpoint_file
from crosslift.errors import CheckpointError

_POOLINGS = {"cls": "first", "mean": "mean"}
"""Our name of a pooling by theirs."""
_OTHERS = ", ".join(("pooler", *get_args(StatePooling)))
"""Poolings that need no files."""
_ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "Tanh": torch.tanh,
    "Identity": lambda rows: rows,
    "ReLU": torch.relu,
}


@dataclass(frozen=True)
class PublishedPooling:
    """A pooling of the last layer's states, and the dense layers after it."""

    pooling: str
    dense: tuple[Callable[[Tensor], Tensor], ...] = ()

    def project(self, rows: Tensor) -> Tensor:
        """Return the output (batch, width) of the dense layers for pooled states (batch, hidden)."""
        for layer in self.dense:
            rows = layer(rows)
        return rows

    @classmethod
    def load(cls, name: str, revision: str | None = None) -> PublishedPooling:
        """Read the modules of a checkpoint.

        Raises:
            CheckpointError: it has none, or one that is not supported.
        """
        place = checkpoint_file(name, "modules.json", revision)
        if place is None:
            raise CheckpointError(
                f"{name}: the checkpoint does not publish its pooling (it has no modules.json); choose one of {_OTHERS}"
            )
        pooling, dense = "", []
        for module in json.loads(place.read_text(encoding="utf-8")):
            match str(module["type"]).rpartition(".")[2]:
                case "Pooling":
                    pooling = _pooling(name, _settings(name, module["path"], revision))
                case "Dense":
                    dense.append(_dense(name, module["path"], revision))
                case "Transformer" | "Normalize":
                    pass
                case other:
                    raise CheckpointError(
                        f"{name}: modules.json names the unsupported module '{other}'; choose one of {_OTHERS}"
                    )
        if not pooling:
            raise CheckpointError(f"{name}: modules.json names no Pooling; choose one of {_OTHERS}")
        return cls(pooling, tuple(dense))


def _settings(name: str, folder: str, revision: str | None) -> dict[str, Any]:
    place = checkpoint_file(name, f"{folder}/config.json", revision)
    if place is None:
        raise CheckpointError(f"{name}: modules.json names {folder}, which has no config.json")
    settings: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return settings


def _pooling(name: str, settings: Mapping[str, Any]) -> str:
    """Return our name of the one mode that is on; older files have a switch per mode, newer ones a name."""
    on = {key.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token") for key in settings
          if key.startswith("pooling_mode_") and settings[key]}  # fmt: skip
    on |= {str(settings["pooling_mode"])} if "pooling_mode" in settings else set()
    if len(on) != 1 or not on <= set(_POOLINGS):
        found = ", ".join(sorted(on)) or "nothing"
        raise CheckpointError(
            f"{name}: its published pooling is {found}; expected exactly one of {', '.join(_POOLINGS)}"
        )
    return _POOLINGS[on.pop()]


def _dense(name: str, folder: str, revision: str | None) -> Callable[[Tensor], Tensor]:
    settings = _settings(name, folder, revision)
    layer = nn.Linear(settings["in_features"], settings["out_features"], bias=settings.get("bias", True))
    weights = _weights(name, folder, revision)
    layer.load_state_dict({key.removeprefix("linear."): value for key, value in weights.items()})
    word = str(settings.get("activation_function", "Identity")).rpartition(".")[2]
    if word not in _ACTIVATIONS:
        raise CheckpointError(
            f"{name}: {folder} has the activation '{word}'; expected one of {', '.join(_ACTIVATIONS)}"
        )

    def apply(rows: Tensor) -> Tensor:
        moved: Tensor = layer.to(rows.device)(rows)
        return _ACTIVATIONS[word](moved)

    return apply


def _weights(name: str, folder: str, revision: str | None) -> dict[str, Tensor]:
    place = checkpoint_file(name, f"{folder}/model.safetensors", revision)
    if place is not None:
        return load_file(place)
    place = checkpoint_file(name, f"{folder}/pytorch_model.bin", revision)
    if place is None:
        raise CheckpointError(f"{name}: {folder} has no weights (model.safetensors or pytorch_model.bin)")
    return _as_tensors(torch.load(place, map_location="cpu", weights_only=True), place)


def _as_tensors(found: Any, place: Path) -> dict[str, Tensor]:
    if not isinstance(found, dict):
        raise CheckpointError(f"{place}: found a {type(found).__name__}; expected weights by name")
    return found
