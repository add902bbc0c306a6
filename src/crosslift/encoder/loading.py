"""Loading of checkpoints, with checks that no weights are missing.

transformers initializes missing weights at random and prints a table of them.  Here that report is read: missing
transformer weights are an error, a missing head is part of the result.
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from safetensors import SafetensorError

from crosslift.compat import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    quiet,
)
from crosslift.encoder.family import Family
from crosslift.errors import CheckpointError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

log = logging.getLogger(__name__)

TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "spm.model",
    "tokenizer.model",
)
"""Each of these holds a vocabulary; newer checkpoints have `tokenizer.json`."""
_LAYER = re.compile(r"(?:^|\.)(?:layers?|block|attentions|ffns)\.\d+\.")


@dataclass(frozen=True)
class Loaded:
    """A model as it was loaded; the sets hold names of weights."""

    model: PreTrainedModel
    lacks: frozenset[str]
    unused: frozenset[str]
    misshapen: frozenset[str] = frozenset()
    """Descriptions: name, shape in the file, shape that config.json requires."""


def load_config(name: str, revision: str | None = None) -> PretrainedConfig:
    """Return the configuration of a directory or a hub id.

    Raises:
        CheckpointError: no such directory, no config.json in it, or a hub id that cannot be reached.
    """
    directory = Path(name)
    if directory.is_dir() and not (directory / "config.json").is_file():
        found = ", ".join(sorted(path.name for path in directory.iterdir())) or "nothing"
        raise CheckpointError(f"{name}: this directory is not a checkpoint: it has no config.json (it holds: {found})")
    if not directory.exists() and _is_path(name):
        siblings = [path.name for path in directory.parent.iterdir()] if directory.parent.is_dir() else []
        hint = nearest(directory.name, siblings)
        raise CheckpointError(f"{name}: no such directory{hint or '; give a checkpoint directory or a hub id'}")
    with _reading(name, "configuration"):
        return AutoConfig.from_pretrained(name, revision=revision)  # type: ignore[no-any-return]


def _is_path(name: str) -> bool:
    """Return whether a name can be no hub id, or begins with a folder that is here: then no hub is asked."""
    first, slash, _ = name.partition("/")
    return (
        Path(name).is_absolute()
        or name.startswith(".")
        or name.count("/") > 1
        or (slash != "" and Path(first).is_dir())
    )


def load_tokenizer(name: str, revision: str | None = None) -> PreTrainedTokenizerBase:
    """Return the tokenizer that belongs to a checkpoint.

    Raises:
        CheckpointError: the directory has none (transformers would invent an empty one), or it has no padding token.
    """
    directory = Path(name)
    if directory.is_dir() and not any((directory / file).is_file() for file in TOKENIZER_FILES):
        raise CheckpointError(
            f"{name}: the checkpoint has no tokenizer: none of {', '.join(TOKENIZER_FILES)} is in the directory; "
            "copy the files of the tokenizer that it was trained with (tokenizer.json and tokenizer_config.json)"
        )
    with _reading(name, "tokenizer"):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(name, revision=revision)
    if tokenizer.pad_token_id is None:
        raise CheckpointError(f"{name}: the tokenizer has no padding token, which batches need")
    return tokenizer


def load_model(name: str, family: Family, *, revision: str | None = None) -> Loaded:
    """Return the model in fp32, with its masked-LM head if its family has one, and the names of missing weights.

    Raises:
        CheckpointError: transformer weights are missing or do not fit config.json.
    """
    load = family.load or load_masked
    loaded = load(name, revision=revision)
    check_weights(loaded, name)
    return loaded


def load_masked(name: str, **options: Any) -> Loaded:
    """Return the model with its masked-LM head."""
    return from_pretrained(AutoModelForMaskedLM, name, **options)


def load_pooler(name: str, loaded: Loaded, *, revision: str | None = None) -> nn.Module | None:
    """Return the pooler of a checkpoint that has one, such as BERT's; masked-LM models drop it.

    DeBERTa's pooler is part of its task heads, not of the transformer.
    """
    if not any(".pooler." in f".{key}" for key in loaded.unused):
        return None
    whole: Any = from_pretrained(AutoModel, name, revision=revision).model
    return cast("nn.Module | None", getattr(whole, "pooler", None))


def from_pretrained(loader: Any, name: str, **options: Any) -> Loaded:
    """Return `loader.from_pretrained(name)` in fp32, with transformers' report about missing and unused weights."""
    with _reading(name, "weights"):
        model, report = loader.from_pretrained(
            name,
            dtype=torch.float32,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # `check_weights` refuses them
            **options,
        )
    misshapen = (f"{key} is {tuple(found)} and not {tuple(wanted)}" for key, found, wanted in report["mismatched_keys"])
    return Loaded(model, frozenset(report["missing_keys"]), frozenset(report["unexpected_keys"]), frozenset(misshapen))


def check_weights(loaded: Loaded, name: str) -> None:
    """Compare a checkpoint's weights with its config.json.

    Raises:
        CheckpointError: transformer weights are missing or have another shape, or the file holds layers that are
            not in the configuration.
    """
    if loaded.misshapen:
        raise CheckpointError(
            f"{name}: the weights do not match config.json: {len(loaded.misshapen)} have another shape, such as "
            f"{min(loaded.misshapen)}"
        )
    lacking = sorted(key for key in loaded.lacks if in_base(loaded.model, key) and "pooler." not in key)
    if lacking:
        raise CheckpointError(
            f"{name}: the weights do not match config.json: {len(lacking)} of the transformer's weights are "
            f"missing, the first being {', '.join(lacking[:3])}"
        )
    extra = sorted(key for key in loaded.unused if _LAYER.search(key) and "decoder." not in key)
    if extra:
        raise CheckpointError(
            f"{name}: the weights do not match config.json: the file holds {len(extra)} weights of layers that are "
            f"not in the configuration, the first being {', '.join(extra[:3])}"
        )
    if loaded.unused:
        log.info("%s: unused weights: %s", name, ", ".join(sorted(loaded.unused)))


def in_base(model: PreTrainedModel, key: str) -> bool:
    """Return whether a weight belongs to the bare transformer rather than to a head."""
    return model.base_model is model or key.startswith(f"{model.base_model_prefix}.")


@contextmanager
def _reading(name: str, part: str) -> Iterator[None]:
    """Turn the exceptions of transformers while reading into one message."""
    try:
        with quiet():
            yield
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:400].rstrip(".")
        hint = "" if Path(name).exists() else "; if this machine is offline, give a checkpoint directory instead"
        raise CheckpointError(f"{name}: the {part} cannot be loaded: {reason}{hint}") from error
