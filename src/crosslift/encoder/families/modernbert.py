"""ModernBERT and mmBERT.

Positions are rotary; layers are local and global.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crosslift.encoder.family import Family

if TYPE_CHECKING:
    from crosslift.compat import PretrainedConfig, PreTrainedTokenizerBase
    from crosslift.encoder.scratch.presets import Preset


def _scratch_config(preset: Preset, tokenizer: PreTrainedTokenizerBase, shared: Mapping[str, Any]) -> PretrainedConfig:
    from crosslift.compat import ModernBertConfig  # torch, which listing the families need not load

    return ModernBertConfig(
        **shared,
        intermediate_size=2 * preset.hidden_size,
        layer_types=["full_attention"] * preset.layers,
        initializer_range=0.05,  # 0.02 suits wider models; such a narrow one would start on a plateau
        embedding_dropout=preset.dropout,
        attention_dropout=preset.dropout,
        mlp_dropout=preset.dropout,
        classifier_pooling="mean",
        cls_token_id=tokenizer.cls_token_id,
        sep_token_id=tokenizer.sep_token_id,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
    )


FAMILY = Family(
    model_types=("modernbert",),
    layers=lambda base: base.layers,
    masked_head=lambda model, states: model.decoder(model.head(states)),
    scratch_config=_scratch_config,
)
