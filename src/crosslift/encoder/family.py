"""The record of a transformer family: everything in which its checkpoints differ from those of the other families.

A family is one file of `crosslift.encoder.families`.  The file's name is that of the family, the first line of its
docstring is its description, and its `FAMILY` is the record.  Reading the records loads no torch.

Padding is at the end, so real tokens have the positions that the model itself would count from token ids.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosslift.errors import CheckpointError, nearest

if TYPE_CHECKING:
    from torch import Tensor, nn

    from crosslift.compat import PretrainedConfig, PreTrainedTokenizerBase
    from crosslift.encoder.loading import Loaded
    from crosslift.encoder.scratch.presets import Preset

Parts = Callable[[Any], Sequence["nn.Module"]]
"""One module of each layer of a bare transformer, lowest layer first."""


@dataclass(frozen=True)
class Family:
    """The differences of a family; defaults are what most families have."""

    model_types: tuple[str, ...]
    """`config.model_type` of its checkpoints."""
    layers: Parts | None = None
    """The transformer layers; None where a layer is not a module."""
    norms: Parts | None = None
    """The normalization after each layer's feed-forward; None where a layer normalizes first."""
    masked_head: Callable[[Any, Tensor], Tensor] | None = None
    """The masked-LM head of a whole model: (model, states (n, hidden)) -> (n, vocabulary); None for an encoder half."""
    norm_of_masked_head: Callable[[Any], nn.Module | None] = lambda _model: None
    """The module whose output is multiplied with the word embeddings, in models without output embeddings."""
    load: Callable[..., Loaded] | None = None
    """Loads a checkpoint: (name, **options) -> Loaded; None for the model with its masked-LM head."""
    longest_input: Callable[[PretrainedConfig], int] = lambda config: int(config.max_position_embeddings)
    """Number of tokens that a model takes."""
    has_segments: Callable[[PretrainedConfig], bool] = lambda _config: False
    """Whether a model distinguishes the two texts of a pair by token types."""
    language_ids: Callable[[PretrainedConfig], Mapping[str, int] | None] = lambda _config: None
    """Language ids by code; None for a model without language embeddings."""
    has_task_heads: bool = True
    """Whether transformers has task heads for the family."""
    is_text_to_text: bool = False
    """Whether the encoder is half of a model that answers in text."""
    scratch_config: Callable[[Preset, PreTrainedTokenizerBase, Mapping[str, Any]], PretrainedConfig] | None = None
    """Configuration of a model from scratch: (preset, tokenizer, the settings that all families share)."""
    name: str = ""
    """The name of its file."""
    description: str = ""
    """The first line of its file."""


@cache
def families() -> dict[str, Family]:
    """Return all families by name, sorted."""
    files = Path(__file__).with_name("families").glob("*.py")
    return {name: _read(name) for name in sorted(path.stem for path in files) if not name.startswith("_")}


def _read(name: str) -> Family:
    module = importlib.import_module(f"crosslift.encoder.families.{name}")
    family: Family = module.FAMILY
    return replace(family, name=name, description=(module.__doc__ or "").partition("\n")[0])


def with_masked_head() -> list[str]:
    """Return the names of the families whose checkpoints have a masked-LM head."""
    return [name for name, family in families().items() if family.masked_head is not None]


def family_of(config: PretrainedConfig, *, where: str) -> Family:
    """Return the family of a checkpoint's configuration.

    Args:
        config: the configuration.
        where: the checkpoint's name, for the message.

    Raises:
        CheckpointError: the model type belongs to no supported family.
    """
    by_model_type = {model_type: family for family in families().values() for model_type in family.model_types}
    model_type = config.model_type
    if model_type not in by_model_type:
        raise CheckpointError(
            f"{where}: config.json has model_type '{model_type}', which is none of the supported encoder families"
            f"{nearest(model_type, by_model_type)} (supported: {', '.join(by_model_type)})"
        )
    return by_model_type[model_type]
