"""XLM, with its language ids where the checkpoint has them.

The parts of the layers are in lists of the whole model, so a layer cannot be run by itself.
"""

from __future__ import annotations

from crosslift.encoder.family import Family

FAMILY = Family(
    model_types=("xlm",),
    norms=lambda base: base.layer_norm2,
    masked_head=lambda model, states: model.pred_layer(states)[0],
    language_ids=lambda config: dict(config.lang2id) if config.use_lang_emb and config.n_langs > 1 else None,
)
