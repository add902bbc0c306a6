"""A tiny encoder, training sentences, and methods with an auxiliary module or gathered rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn

from crosslift.align.mlm import Mlm
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs, Tokens
from crosslift.losses import info_nce
from crosslift.recipe import PretrainTable
from crosslift.runs.write import JsonLines
from crosslift.train.all_gather import gather, rank_offset
from crosslift.train.batch import Batch
from crosslift.train.batches import Indices, Stream
from crosslift.train.loop import Loop
from crosslift.train.method import Method, Terms
from crosslift.train.objective import Objective
from tests.tiny import TEXTS


class Extra(nn.Module):
    """A trained weight, a frozen weight, a count of steps and a random draw."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.rand(3) + 1)
        self.frozen = nn.Parameter(torch.ones(3), requires_grad=False)
        self.register_buffer("steps", torch.zeros(()))


class WithExtra(Mlm):
    """Mlm, scaled by learned weights."""

    def auxiliary_module(self, model: Encoder) -> Extra:
        del model
        return Extra()

    def loss(self, model: Encoder, batch: Any, auxiliary: Extra) -> Terms:  # type: ignore[override]
        return {"mlm": super().loss(model, batch)["mlm"] * (auxiliary.scale * auxiliary.frozen).prod()}

    def after_step(self, model: Encoder, auxiliary: Any) -> None:
        del model
        assert not torch.is_grad_enabled()
        auxiliary.steps += auxiliary.scale.mean()


@dataclass(frozen=True)
class Sides(Batch):
    """Sentences and stand-ins for their translations."""

    source: Inputs
    target: Inputs


class Gathering(Method):
    """Each sentence must find its own prefix among those of all processes."""

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "text"
    splittable: ClassVar[bool] = False
    gathers: ClassVar[bool] = True
    paper: ClassVar[str] = "none"

    def collate(self, model: Encoder, items: Sequence[Tokens], generator: torch.Generator) -> Sides:
        del generator
        beginnings = [Tokens(row.ids[:4], row.special[:4], row.segments[:4]) for row in items]
        return Sides(model.collate(items), model.collate(beginnings))

    def loss(self, model: Encoder, batch: Sides) -> Terms:  # type: ignore[override]
        source, target = (model.pool(model.encode(side), side) for side in (batch.source, batch.target))
        return {"contrast": own_losses(source, target).mean()}


def own_losses(source: Tensor, target: Tensor) -> Tensor:
    """Return InfoNCE of this process's rows against the rows of all processes."""
    losses = info_nce(gather(source), gather(target), same_language_negatives=True, reduction="none")
    start = rank_offset(len(source))
    return losses[start : start + len(source)]


class InOrder(Stream):
    """Items in order: two processes with half a batch each draw together what one process with a whole batch draws."""

    def indices(self, step: int) -> Indices:
        return np.arange(step * self.batch_size, (step + 1) * self.batch_size) % len(self.items)


def mlm_loop(
    checkpoint: Path, states: Path, *, method: Any = None, steps: int = 12, order: Any = Stream, **table: Any
) -> Loop:
    """Return a loop that masks the words of the tiny texts; no state is saved unless `save_seconds` is low."""
    encoder = Encoder.load(checkpoint)
    items = encoder.tokenize(TEXTS * 4, language=encoder.languages[0] if encoder.languages else None)
    settings = PretrainTable(**{"steps": steps, "batch_size": 8, "learning_rate": 1e-3, **table})
    stream = order(items, [len(item) for item in items], batch_size=settings.batch_size, seed=3)
    return Loop(
        model=encoder,
        module=encoder.model,
        objectives=[Objective("mlm", method or Mlm(mask_probability=0.3), stream)],
        table=settings,
        steps=steps,
        seed=5,
        stage="pretrain",
        states=states,
        log=JsonLines(states.parent / f"{states.name}.jsonl"),
    )
