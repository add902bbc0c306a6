"""The names of transformers that tend to move between releases, and functions that silence its output.

The rest of crosslift imports them from here, so adapting to a new release of transformers concerns one file.
"""

from __future__ import annotations

import logging as standard_logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForMultipleChoice,
    AutoModelForQuestionAnswering,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoModelForTextEncoding,
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertConfig,
    ModernBertConfig,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)
from transformers.configuration_utils import PretrainedConfig
from transformers.modeling_outputs import BaseModelOutput
from transformers.modeling_utils import PreTrainedModel
from transformers.models.m2m_100.modeling_m2m_100 import M2M100Encoder
from transformers.tokenization_utils_base import PreTrainedTokenizerBase
from transformers.utils import logging
from transformers.utils.hub import cached_file

__all__ = [
    "AutoConfig",
    "AutoModel",
    "AutoModelForMaskedLM",
    "AutoModelForMultipleChoice",
    "AutoModelForQuestionAnswering",
    "AutoModelForSeq2SeqLM",
    "AutoModelForSequenceClassification",
    "AutoModelForTextEncoding",
    "AutoModelForTokenClassification",
    "AutoTokenizer",
    "BaseModelOutput",
    "BertConfig",
    "M2M100Encoder",
    "ModernBertConfig",
    "PreTrainedModel",
    "PreTrainedTokenizerBase",
    "PreTrainedTokenizerFast",
    "PretrainedConfig",
    "T5Config",
    "T5ForConditionalGeneration",
    "checkpoint_file",
    "lora_config",
    "lora_injected",
    "quantize_linear_layers",
    "quiet",
]


@contextmanager
def quiet() -> Iterator[None]:
    """Silence transformers' loading report and progress bars; crosslift checks the report itself."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(standard_logging.ERROR)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def lora_config(**settings: Any) -> Any:
    """Return peft's configuration of LoRA; peft is an extra, so it is imported here."""
    from peft import LoraConfig

    return LoraConfig(**settings)


def lora_injected(module: nn.Module, config: Any) -> None:
    """Replace the linear layers that a configuration names by peft's LoRA layers."""
    from peft import inject_adapter_in_model

    inject_adapter_in_model(config, module)


def checkpoint_file(name: str, file: str, revision: str | None = None) -> Path | None:
    """Return a file of a checkpoint, in a directory or on the hub; None if there is no such file."""
    if Path(name).is_dir():
        place = Path(name) / file
        return place if place.is_file() else None
    found = cached_file(
        name,
        file,
        revision=revision,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
        _raise_exceptions_for_gated_repo=False,
    )
    return Path(found) if found else None


def quantize_linear_layers(module: nn.Module) -> None:
    """Store linear layers in int8, in place; their inputs are rounded by the range of each batch.

    torch warns at each call that this function will move to another package.
    """
    from torch.ao.quantization import quantize_dynamic

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantize_dynamic(module, {nn.Linear}, dtype=torch.qint8, inplace=True)  # type: ignore[no-untyped-call]
