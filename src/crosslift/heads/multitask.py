"""One transformer shared by several heads, and copied back into the encoder that it came from."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from crosslift.encoder.encoder import Encoder
from crosslift.heads.linear import LinearHead
from crosslift.heads.task_model import TaskModel


def share(models: Sequence[TaskModel]) -> None:
    """Make task models created from one encoder share one transformer, so that training one trains it for all.

    The shared transformer has a pooler if any of them has one; heads that do not use it ignore it.
    """
    bases: list[Any] = [model.encoder.base for model in models]
    base = next((each for each in bases if getattr(each, "pooler", None) is not None), bases[0])
    for model in models:
        if isinstance(model.module, LinearHead):
            model.module.model = base
            model.encoder = Encoder(base, model.encoder.tokenizer, name=model.encoder.name)
        else:
            _set_base(model.module, base)


def with_masked_head(encoder: Encoder, trained: Encoder) -> Encoder:
    """Return the transformer of `trained` under a copy of the masked-LM head of `encoder`, its origin."""
    if not encoder.has_masked_language_model:
        return trained
    model = copy.deepcopy(encoder.model)
    _set_base(model, trained.base)
    model.tie_weights()
    return Encoder(model, encoder.tokenizer, masked_head=True, name=encoder.name)


def carry_over(trained: Encoder, encoder: Encoder) -> None:
    """Copy the weights of a trained transformer into the encoder that it was created from, bit for bit.

    The encoder's parts are copied, including its pooler, and its masked-LM head where that was trained too; parts that
    a task head added, such as a pooler that the encoder did not have, are dropped.
    """
    both = (trained.model, encoder.model) if trained.has_masked_language_model else (trained.base, encoder.base)
    weights, wanted = (model.state_dict() for model in both)
    both[1].load_state_dict({name: weights[name] for name in wanted})
    pooler = getattr(trained.base, "pooler", None)
    if encoder.pooler is not None and pooler is not None:
        encoder.pooler.load_state_dict(pooler.state_dict())


def _set_base(model: Any, base: Any) -> None:
    setattr(model, model.base_model_prefix, base)
