"""XLM-R and RoBERTa.

Absolute positions start at ``pad_id + 1``, so the embeddings of the earlier ones never belong to a token.
"""

from __future__ import annotations

from crosslift.encoder.family import Family

FAMILY = Family(
    model_types=("xlm-roberta", "roberta"),
    layers=lambda base: base.encoder.layer,
    norms=lambda base: [layer.output.LayerNorm for layer in base.encoder.layer],
    masked_head=lambda model, states: model.lm_head(states),
    longest_input=lambda config: config.max_position_embeddings - config.pad_token_id - 1,
)
