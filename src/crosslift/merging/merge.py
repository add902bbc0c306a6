"""Merging of saved models into one checkpoint."""

from __future__ import annotations

import json
import logging
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor, nn

from crosslift.choices import MergeMethod
from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError, InputError, RunExistsError, unknown
from crosslift.heads.checkpoints import described
from crosslift.heads.task_model import TaskModel
from crosslift.merging import arithmetic
from crosslift.merging.card import merge_card
from crosslift.runs.card_header import architecture_of

log = logging.getLogger(__name__)

DENSITY = 0.2
"""Share of a task vector that TIES and DARE keep; the top 20 % are the default in the paper of TIES."""
RECORD = "crosslift_merge.json"
"""File in the checkpoint directory that records the models and settings."""


def merge(
    models: Sequence[str | Path],
    output: str | Path,
    *,
    how: MergeMethod = "average",
    base: str | Path | None = None,
    weights: Sequence[float] | None = None,
    density: float | None = None,
    seed: int = 0,
) -> Path:
    """Merge the weights of models into an ordinary checkpoint with the architecture of the first one.

    Task models need the same labels.  With a base, models after the first may also be encoders, such as one trained on
    text of a language; the head is then the first model's.  Weights that the base lacks, such as those of a head if it
    is an encoder, must be equal in all models that have them: train runs under one head with `finetune.head_from`.

    Args:
        models: directories or hub ids.
        output: directory to create.
        how: "average", "task-arithmetic", "ties" or "dare"; see `crosslift.merging.arithmetic`.
        base: the encoder or task model that the models were trained from; for all methods but "average".
        weights: one factor per model; 1 each by default.  "average" divides by their sum.
        density: share of each model's changes that "ties" and "dare" keep, in (0, 1]; 0.2 by default.
        seed: seed of the choice of changes that "dare" drops.

    Returns:
        The output directory.

    Raises:
        InputError: settings that contradict each other.
        CheckpointError: models that cannot be merged; the message names the file, the weight and both shapes.
        RunExistsError: the output exists already.
    """
    output = Path(output)
    if output.exists():
        raise RunExistsError(f"{output} exists already and is never overwritten; choose another --output")
    plan = _Plan(tuple(map(str, models)), how, None if base is None else str(base), weights, density, seed)
    factors = plan.checked()
    loaded = [_Loaded.read(place) for place in plan.models]
    start = None if plan.base is None else _Loaded.read(plan.base)
    _check_alike(loaded, start)
    with torch.no_grad():
        loaded[0].write(_merged(plan, loaded, start, factors), output, plan.record(factors))
    return output


@dataclass(frozen=True)
class _Plan:
    """The models and settings of a merge."""

    models: tuple[str, ...]
    how: MergeMethod
    base: str | None
    weights: Sequence[float] | None
    density: float | None
    seed: int

    @property
    def kept(self) -> float:
        return DENSITY if self.density is None else self.density

    def checked(self) -> list[float]:
        """Return one factor per model.

        Raises:
            InputError: settings that contradict each other.
        """
        if self.how not in get_args(MergeMethod):
            raise InputError(f"how: {unknown('merge method', self.how, get_args(MergeMethod))}")
        if not self.models:
            raise InputError("models: found none; expected at least one checkpoint")
        self._check_base()
        if not 0 < self.kept <= 1:
            raise InputError(f"density: found {self.kept}; expected a share above 0 and at most 1")
        return self._factors()

    def _check_base(self) -> None:
        if self.how == "average" and self.base is not None:
            raise InputError("base: 'average' has no base; remove it, or choose 'task-arithmetic'")
        if self.how != "average" and self.base is None:
            raise InputError(f"base: found none; '{self.how}' needs the checkpoint that the models were trained from")
        if self.how in ("average", "task-arithmetic") and self.density is not None:
            raise InputError(
                f"density: '{self.how}' keeps all changes of a model; remove density, or choose 'ties' or 'dare'"
            )

    def _factors(self) -> list[float]:
        factors = [1.0] * len(self.models) if self.weights is None else list(self.weights)
        if len(factors) != len(self.models):
            raise InputError(f"weights: found {len(factors)} for {len(self.models)} models; expected one per model")
        if not all(map(math.isfinite, factors)) or (self.how == "average" and sum(factors) <= 0):
            raise InputError(f"weights: found {factors}; expected finite numbers, with a sum above 0 for an average")
        return factors

    def record(self, factors: Sequence[float]) -> dict[str, Any]:
        """Return the models and settings as JSON."""
        density = {"density": self.kept} if self.how in ("ties", "dare") else {}
        seed = {"seed": self.seed} if self.how == "dare" else {}
        return {"how": self.how, "models": self.models, "weights": factors, "base": self.base, **density, **seed}


@dataclass(frozen=True)
class _Loaded:
    """A checkpoint, and its parameters by names that do not depend on its head."""

    place: str
    model: TaskModel | Encoder
    body: Mapping[str, nn.Parameter]
    """Those of the bare transformer, without a pooler."""
    pooler: Mapping[str, nn.Parameter]
    """Those of the pooler, which an encoder with a masked-LM head keeps separately."""
    head: Mapping[str, nn.Parameter]
    """All others; shared ones once."""

    @classmethod
    def read(cls, place: str) -> _Loaded:
        """Load a task model, or an encoder if there is no task head."""
        model = TaskModel.load(place) if described(place) else Encoder.load(place)
        encoder = model.encoder if isinstance(model, TaskModel) else model
        inner = dict(encoder.base.named_parameters())
        body = {name: weight for name, weight in inner.items() if not name.startswith("pooler.")}
        pooler = {name: weight for name, weight in inner.items() if name not in body}
        if encoder.pooler is not None:
            pooler = {f"pooler.{name}": weight for name, weight in encoder.pooler.named_parameters()}
        known = set(map(id, inner.values()))
        module = model.module if isinstance(model, TaskModel) else encoder.model
        head = {name: weight for name, weight in module.named_parameters() if id(weight) not in known}
        return cls(place, model, body, pooler, head)

    @property
    def encoder(self) -> Encoder:
        return self.model.encoder if isinstance(self.model, TaskModel) else self.model

    @property
    def labels(self) -> tuple[str, ...] | None:
        return self.model.labels if isinstance(self.model, TaskModel) else None

    @property
    def weights(self) -> dict[str, nn.Parameter]:
        """All weights."""
        return {**self.body, **self.pooler, **self.head}

    def write(self, merged: Mapping[str, Tensor], output: Path, record: Mapping[str, Any]) -> None:
        """Write this model with other weights, to a temporary directory that is then renamed."""
        own = self.weights
        for name, weight in merged.items():
            own[name].copy_(weight)
        unfinished = output.with_name(f"{output.name}.unfinished")
        try:
            self.model.save(unfinished)
            (unfinished / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
            card = merge_card(record, architecture_of(unfinished), predicts=self.labels is not None)
            (unfinished / "README.md").write_text(card, encoding="utf-8")
            unfinished.rename(output)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _check_alike(loaded: Sequence[_Loaded], base: _Loaded | None) -> None:
    """Check that models have the same family, vocabulary, shapes and labels."""
    first = loaded[0]
    for other in [*loaded[1:], *([base] if base else [])]:
        _check_facts(first, other)
        _check_shapes(first.body, other.body, first.place, other.place)
        shared = sorted((first.weights.keys() & other.weights.keys()) - first.body.keys())
        one, another = ({name: each.weights[name] for name in shared} for each in (first, other))
        _check_shapes(one, another, first.place, other.place)


def _check_facts(first: _Loaded, other: _Loaded) -> None:
    types = [each.encoder.model.config.model_type for each in (first, other)]
    if types[0] != types[1]:
        raise CheckpointError(
            f"{other.place} is a '{types[1]}' model; expected a '{types[0]}' model like {first.place}"
        )
    if first.labels is None and other.labels is not None:
        raise CheckpointError(
            f"{first.place} has no task head and {other.place} has one; the result has the architecture of the first "
            "model, so name the one with the head first"
        )
    if other.labels is not None and other.labels != first.labels:
        raise CheckpointError(
            f"{other.place} has the labels {', '.join(other.labels)}; expected those of {first.place}, "
            f"{', '.join(first.labels or ())}, in this order"
        )
    if first.encoder.tokenizer.get_vocab() != other.encoder.tokenizer.get_vocab():
        raise CheckpointError(
            f"{other.place}: the vocabulary of its tokenizer is not that of {first.place}, so their embeddings are of "
            "different tokens"
        )


def _check_shapes(first: Mapping[str, Tensor], other: Mapping[str, Tensor], place: str, other_place: str) -> None:
    for name in sorted(first.keys() ^ other.keys()):
        lacking, having = (other_place, place) if name in first else (place, other_place)
        raise CheckpointError(f"{lacking} has no weight '{name}', which {having} has")
    for name, weight in first.items():
        if weight.shape != other[name].shape:
            raise CheckpointError(
                f"{other_place}: '{name}' is {tuple(other[name].shape)}; expected {tuple(weight.shape)} as in {place}"
            )


def _merged(
    plan: _Plan, loaded: Sequence[_Loaded], base: _Loaded | None, factors: Sequence[float]
) -> dict[str, Tensor]:
    if base is None:
        _warn_of_heads(loaded)
        return arithmetic.average([_filled(each, loaded[0].weights, {}) for each in loaded], factors)
    _check_common_head(loaded, base)
    start = {name: weight for name, weight in base.weights.items() if name in loaded[0].weights}
    models = [_filled(each, start, start) for each in loaded]
    if plan.how == "task-arithmetic":
        return arithmetic.task_arithmetic(start, models, factors)
    if plan.how == "ties":
        return arithmetic.ties(start, models, factors, density=plan.kept)
    generator = torch.Generator().manual_seed(plan.seed)
    return arithmetic.dare(start, models, factors, density=plan.kept, generator=generator)


def _filled(each: _Loaded, wanted: Mapping[str, Tensor], default: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the wanted weights of a model; those of a head that an encoder lacks are unchanged."""
    own = each.weights
    lacking = sorted(wanted.keys() - own.keys() - (default.keys() if each.labels is None else set()))
    if lacking:
        raise CheckpointError(f"{each.place} has no weight '{lacking[0]}', which the first model has")
    return {name: own[name] if name in own else default[name] for name in wanted}


def _differ(loaded: Sequence[_Loaded], names: set[str]) -> tuple[str, str] | None:
    """Return the first (model, weight) among `names` that differs from that of the first model."""
    first = loaded[0].weights
    for each in loaded[1:]:
        own = each.weights
        for name in sorted(names & own.keys()):
            if not torch.equal(own[name], first[name]):
                return each.place, name
    return None


def _check_common_head(loaded: Sequence[_Loaded], base: _Loaded) -> None:
    differing = _differ(loaded, loaded[0].weights.keys() - base.weights.keys())
    if differing:
        place, name = differing
        raise CheckpointError(
            f"{place}: '{name}' of its head differs from that of {loaded[0].place}, and {base.place} has no such "
            "weight to start from; train the runs under one head with finetune.head_from"
        )


def _warn_of_heads(loaded: Sequence[_Loaded]) -> None:
    differing = _differ(loaded, set(loaded[0].head))
    if differing and loaded[0].labels is not None:
        log.warning(
            "the head of %s differs from that of %s: averaging heads is sound only between checkpoints of one run; "
            "train runs under one head with finetune.head_from",
            differing[0],
            loaded[0].place,
        )
