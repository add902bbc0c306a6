"""BERT and multilingual BERT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crosslift.encoder.family import Family

if TYPE_CHECKING:
    from crosslift.compat import PretrainedConfig, PreTrainedTokenizerBase
    from crosslift.encoder.scratch.presets import Preset


def _scratch_config(preset: Preset, _tokenizer: PreTrainedTokenizerBase, shared: Mapping[str, Any]) -> PretrainedConfig:
    from crosslift.compat import BertConfig  # torch, which listing the families need not load

    return BertConfig(
        **shared,
        intermediate_size=4 * preset.hidden_size,
        hidden_dropout_prob=preset.dropout,
        attention_probs_dropout_prob=preset.dropout,
    )


FAMILY = Family(
    model_types=("bert",),
    layers=lambda base: base.encoder.layer,
    norms=lambda base: [layer.output.LayerNorm for layer in base.encoder.layer],
    masked_head=lambda model, states: model.cls(states),
    has_segments=lambda config: config.type_vocab_size > 1,
    scratch_config=_scratch_config,
)
