"""The objectives of a stage, each with its batches, and how many steps the stage takes."""

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
from crosslift.train.loop import Objective
from crosslift.train.method import Method
from crosslift.train.mixed_batches import Mixture

ObjectivesTable = PretrainTable | AlignTable | DualEncoderTable | LanguageAdaptersTable


def objective_method(table: MethodTable) -> Method:
    """Return the alignment method that a table names, with its settings."""
    made: Method = registry.load("align", table.use).model_validate(table.settings)
    return made


def training_steps(table: Any, objectives: Sequence[Objective], *, default_epochs: float) -> int:
    """Return the optimizer steps of a stage: given, or epochs of its first objective's stream.

    Each process draws a batch a step.
    """
    if table.steps is not None:
        return int(table.steps)
    return max(1, ceil(objectives[0].stream.steps(table.epochs or default_epochs) / processes.count()))


def objectives_of(table: ObjectivesTable, feed: Feed, seed: int) -> tuple[list[Objective], int]:
    """Return the objectives of a stage and how many steps it takes."""
    names: list[str] = []
    for method in table.objective:
        times = sum(other.use == method.use for other in table.objective[: len(names)])
        names.append(f"{method.use}-{times + 1}" if times else method.use)
    objectives = []
    for index, (name, method) in enumerate(zip(names, table.objective, strict=True)):
        made = objective_method(method)
        # An order of its own for each objective, so that two on the same bitext do not see the same pairs together.
        order = seed * 2**32 + int(content_hash(name)[:8], 16)
        objectives.append(Objective(name, made, _batches(made, table, feed(index, made), order), method.weight))
    return objectives, training_steps(table, objectives, default_epochs=1.0)


def _batches(method: Method, table: ObjectivesTable, items: Items, seed: int) -> Batches:
    """Return the batches of an objective, from the pools that it makes of the items."""
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
