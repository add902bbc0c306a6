"""The transformer families and the few ways in which they differ.

==========  ===============================  ===============================================================
family      positions                        what else
==========  ===============================  ===============================================================
bert        absolute                         segments
xlm         absolute                         language ids, where the checkpoint has them
roberta     absolute, from ``pad_id + 1``    XLM-R too; no segments
deberta     relative                         two masked-LM heads (``config.legacy``); segments in some
modernbert  rotary, local and global layers
t5          relative                         encoder half, no masked-LM head; Flan-T5, mT5 and uMT5 too
m2m100      sinusoidal                       encoder half, no masked-LM head; scaled embeddings; NLLB too
==========  ===============================  ===============================================================

Padding is at the end, so real tokens have the positions that the model itself would count from token ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from crosslift.compat import PretrainedConfig
from crosslift.errors import CheckpointError, nearest

Head = Callable[[Any, Tensor], Tensor]
"""The masked-LM head of a whole model: (model, states (n, hidden)) -> (n, vocabulary)."""


@dataclass(frozen=True)
class Family:
    """What sets a family apart; everything else is common to all."""

    name: str
    model_types: tuple[str, ...]
    """`config.model_type` of its checkpoints."""
    masked_head: Head | None = None
    half: Literal["encoder", "text-encoding"] | None = None
    """How the encoder half of an encoder-decoder is loaded; None for encoders."""
    segmented: bool = False
    """Whether the model tells the first text from the second by token types (if the checkpoint has any)."""
    positions_after_pad: bool = False
    """Whether the first position is `pad_id + 1`, so that the earlier ones never hold a token."""
    language_ids: bool = False


def _deberta_head(model: Any, states: Tensor) -> Tensor:
    if model.legacy:
        return model.cls(states)  # type: ignore[no-any-return]
    return model.lm_predictions(states, model.get_input_embeddings())  # type: ignore[no-any-return]


FAMILIES = (
    Family("bert", ("bert",), lambda model, states: model.cls(states), segmented=True),
    Family("xlm", ("xlm",), lambda model, states: model.pred_layer(states)[0], language_ids=True),
    Family(
        "roberta",
        ("xlm-roberta", "roberta"),
        lambda model, states: model.lm_head(states),
        positions_after_pad=True,
    ),
    Family("deberta", ("deberta-v2",), _deberta_head, segmented=True),
    Family("modernbert", ("modernbert",), lambda model, states: model.decoder(model.head(states))),
    Family("t5", ("t5", "mt5", "umt5"), half="text-encoding"),
    Family("m2m100", ("m2m_100",), half="encoder"),
)
MODEL_TYPES = {model_type: family for family in FAMILIES for model_type in family.model_types}
WITH_MASKED_HEAD = tuple(family.name for family in FAMILIES if family.masked_head is not None)


def family_of(config: PretrainedConfig, *, where: str) -> Family:
    """Return the family of a checkpoint's configuration.

    Raises:
        CheckpointError: the model type is none of those supported; `where` names the checkpoint.
    """
    model_type = config.model_type
    if model_type not in MODEL_TYPES:
        raise CheckpointError(
            f"{where}: config.json has model_type '{model_type}', which is none of the supported encoder families"
            f"{nearest(model_type, MODEL_TYPES)} (supported: {', '.join(MODEL_TYPES)})"
        )
    return MODEL_TYPES[model_type]


def longest_input(config: PretrainedConfig, family: Family) -> int:
    """Return how many tokens the model takes: position embeddings, less those that never hold a token."""
    if family.name == "t5":
        return 512  # relative positions have no limit; 512 is what T5 and mT5 were pre-trained with
    positions = int(config.max_position_embeddings)
    return positions - config.pad_token_id - 1 if family.positions_after_pad else positions


def has_segments(config: PretrainedConfig, family: Family) -> bool:
    """Return whether the checkpoint has more than one token type."""
    return family.segmented and config.type_vocab_size > 1


def language_codes(config: PretrainedConfig, family: Family) -> dict[str, int] | None:
    """Return the language ids by code, or None where the model has no language embeddings."""
    if not (family.language_ids and config.use_lang_emb and config.n_langs > 1):
        return None
    return dict(config.lang2id)
