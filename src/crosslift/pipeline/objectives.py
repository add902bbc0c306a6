"""The objectives of a stage, each with its batches, and the number of steps."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from crosslift.api import registry
from crosslift.pipeline.inputs.tokenized import Feed, Items
from crosslift.recipe import (
    AlignTable,
    DualEncoderTable,
    LanguageAdaptersTable,
    MethodTable,
    PretrainTable,
    content_hash,
)
from crosslift.train import processes
from crosslift.train.batches import Batches, Stream
from crosslift.train.method import Method
from crosslift.train.mixed_batches import Mixture
from crosslift.train.objective import Objective

ObjectivesTable = PretrainTable | AlignTable | DualEncoderTable | LanguageAdaptersTable


def objective_method(table: MethodTable) -> Method:
    """Return the alignment objective of a table, with its settings."""
    objective: Method = registry.load("align", table.use).model_validate(table.settings)
    return objective


def training_steps(table: Any, objectives: Sequence[Objective], *, default_epochs: float) -> int:
    """Return the number of optimizer steps: as given, or from the epochs of the first objective's stream.

    Each process draws one batch per step.
    """
    if table.steps is not None:
        return int(table.steps)
    return max(1, ceil(objectives[0].stream.steps(table.epochs or default_epochs) / processes.count()))


def objectives_of(table: ObjectivesTable, feed: Feed, seed: int) -> tuple[list[Objective], int]:
    """Return the objectives of a stage and its number of steps."""
    names: list[str] = []
    for method in table.objective:
        times = sum(other.use == method.use for other in table.objective[: len(names)])
        names.append(f"{method.use}-{times + 1}" if times else method.use)
    objectives = []
    for index, (name, method) in enumerate(zip(names, table.objective, strict=True)):
        objective = objective_method(method)
        # Each objective has its own order, so that two on the same bitext do not see the same pairs together.
        order = seed * 2**32 + int(content_hash(name)[:8], 16)
        batches = _batches(objective, table, feed(index, objective), order)
        objectives.append(Objective(name, objective, batches, method.weight))
    return objectives, training_steps(table, objectives, default_epochs=1.0)


def _batches(method: Method, table: ObjectivesTable, items: Items, seed: int) -> Batches:
    """Return the batches of an objective, drawn from its pools of items."""
    rows, groups = items
    pools = method.pools(rows)
    streams = [
        Stream(
            pool.items,
            [len(item) for item in pool.items],
            batch_size=table.batch_size,
            batch_tokens=table.batch_tokens,
            groups=groups if pool.items is rows else None,
            temperature=table.temperature if isinstance(table, PretrainTable | AlignTable) else 1.0,
            seed=seed,
        )
        for pool in pools
    ]
    if len(streams) == 1:
        return streams[0]
    shares = [pool.share for pool in pools]
    return Mixture(streams, shares, seed=seed, counted=1, marked=False, processes=processes.count())
