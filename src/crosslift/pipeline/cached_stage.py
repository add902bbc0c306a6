"""Training stages before fine-tuning, each cached under the hash of everything that shapes it.

Seeds of one recipe, and recipes that begin alike, share their stages; an interrupted stage continues where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from glob import glob
from hashlib import sha256
from pathlib import Path
from typing import Any

from torch import nn

from crosslift.api import registry
from crosslift.cache import cache_directory
from crosslift.encoder.device import default_device
from crosslift.encoder.encoder import Encoder
from crosslift.pipeline.objectives import objective_method
from crosslift.pipeline.outcome import Outcome
from crosslift.progress import Advance, progress
from crosslift.recipe import (
    AlignTable,
    DualEncoderTable,
    IntermediateTable,
    LanguageAdaptersTable,
    PretrainTable,
    content_hash,
)
from crosslift.runs.write import JsonLines, finish, locked, remove
from crosslift.train import processes
from crosslift.train.health import Health
from crosslift.train.loop import Loop, Trained
from crosslift.train.method import Method
from crosslift.train.objective import Objective
from crosslift.train.selection import Selector

CACHE_VERSION = 3
"""Raised when a change of crosslift changes the content of a cached stage."""

CachedTable = PretrainTable | AlignTable | IntermediateTable | DualEncoderTable | LanguageAdaptersTable


@dataclass(frozen=True)
class Staged:
    """An encoder, the key of everything that shaped it, and what its stages add to the results."""

    encoder: Encoder
    key: str
    outcome: Outcome = field(default_factory=Outcome)

    def plus(self, outcome: Outcome) -> Staged:
        """Return the same encoder with further results."""
        return replace(self, outcome=self.outcome + outcome)


@dataclass(frozen=True)
class Cached:
    """A trained stage in the cache: its folder, its key, and what it adds to the results."""

    folder: Path
    key: str
    outcome: Outcome


@dataclass(frozen=True)
class Plan:
    """The objectives of a stage, its number of steps, and what is trained, measured and saved."""

    objectives: Sequence[Objective]
    steps: int
    health: Health | None = None
    model: Any = None
    """The model that methods get, if it is not the encoder itself."""
    module: nn.Module | None = None
    """The module that is trained, if it is not the encoder's model."""
    selector: Selector | None = None
    evaluate: Callable[[], dict[str, float]] | None = None
    finish: Callable[[Trained], None] = lambda _trained: None
    """Copies what was trained into the encoder."""
    save: Callable[[Path], None] | None = None
    """Writes what was trained, if it is not the encoder."""
    record: dict[str, Any] = field(default_factory=dict)
    """Additional keys of the stage's row in results.json."""


def cached_stage(
    name: str, start: Staged, table: CachedTable, seed: int, fingerprint: Any, plan: Callable[[Encoder], Plan]
) -> Staged:
    """Return the encoder after a stage, trained or from the cache."""
    cached = train_once(name, start, table, seed, fingerprint, plan)
    encoder = Encoder.load(cached.folder / "model").to(default_device())
    encoder.origin = start.encoder.origin
    return Staged(encoder, cached.key, start.outcome + cached.outcome)


def train_once(
    name: str, start: Staged, table: CachedTable, seed: int, fingerprint: Any, plan: Callable[[Encoder], Plan]
) -> Cached:
    """Train a stage, unless the cache holds it.

    Args:
        name: the name of the stage in results.json.
        start: the encoder that the stage starts from.
        table: the settings of the stage.
        seed: the seed of the stage.
        fingerprint: hashes of the data that the stage reads.
        plan: makes the plan for the encoder; called only if the stage is trained.
    """
    # Each process draws its own batches, so the number of processes shapes the result.
    shared = [processes.count()] if processes.count() > 1 else []
    key = content_hash([name, start.key, _shaping(table), seed, fingerprint, *shared, *_hashes_of_files(table)])
    processes.agree(lambda: key, f"the data of [{name}]")
    folder = cache_directory() / "stages" / key
    with locked_once(folder.with_name(f"{key}.lock")):
        cached = processes.on_main(folder.exists)
        if not cached:
            _train(name, folder, start.encoder, table, seed, plan(start.encoder))
    row = next(line for line in JsonLines(folder / "stage.jsonl"))
    return Cached(folder, key, Outcome(stages=({**row, "cached": cached},), log=tuple(JsonLines(folder / "log.jsonl"))))


def _shaping(table: CachedTable) -> dict[str, Any]:
    """Return the settings that change the result of a stage: not how often it saves, nor which seeds share it."""
    return table.model_dump(exclude={"seed", "per_seed", "save_seconds", "health_every", "stop_on_collapse"})


def _hashes_of_files(table: CachedTable) -> list[str]:
    """Return hashes of the files that methods read by themselves, such as lexicons."""
    patterns = [pattern for method in _methods(table) for pattern in method.files()]
    found = [path for pattern in patterns for path in sorted(glob(pattern))]  # noqa: PTH207  # some are absolute
    return [sha256(Path(path).read_bytes()).hexdigest() for path in found]


def _methods(table: CachedTable) -> list[Method]:
    if isinstance(table, IntermediateTable):
        return [registry.load("finetune", method.use).model_validate(method.settings) for method in table.method]
    return [objective_method(objective) for objective in table.objective]


def locked_once(path: Path) -> AbstractContextManager[None]:
    """Hold a lock for all processes of the run, in the main one."""
    return locked(path) if processes.is_main() else nullcontext()


def _train(name: str, folder: Path, encoder: Encoder, table: CachedTable, seed: int, plan: Plan) -> None:
    work = folder.with_name(folder.name + ".unfinished")
    work.mkdir(parents=True, exist_ok=True)
    with stage_progress(name, plan.steps) as advance:
        loop = Loop(
            model=encoder if plan.model is None else plan.model,
            module=encoder.model if plan.module is None else plan.module,
            objectives=plan.objectives,
            table=table,
            steps=plan.steps,
            seed=seed,
            stage=name,
            states=work / "states",
            log=JsonLines(work / "log.jsonl"),
            selector=plan.selector,
            evaluate=plan.evaluate,
            health=plan.health,
            on_step=advance,
        )
        trained = loop.run()
    plan.finish(trained)
    encoder.eval()

    def publish() -> None:
        (plan.save or encoder.save)(work / "model")
        JsonLines(work / "stage.jsonl").truncate(0)
        JsonLines(work / "stage.jsonl").append({**stage_row(name, trained), **plan.record})
        remove(work / "states")
        finish(work, folder)

    processes.on_main(publish)


def stage_progress(stage: str, steps: int) -> AbstractContextManager[Advance]:
    """Show one progress bar for all processes of the run."""
    return progress(stage, steps) if processes.is_main() else nullcontext(lambda _done, _values: None)


def stage_row(stage: str, trained: Trained) -> dict[str, Any]:
    """Return the row of a stage in results.json."""
    return {
        "stage": stage,
        "seconds": round(trained.seconds, 3),
        "tokens": trained.tokens,
        "steps": trained.steps,
    }


def fingerprint(encoder: Encoder) -> str:
    """Return a hash of an encoder's weights, configuration and vocabulary."""
    digest = sha256(repr(encoder.model.config.to_dict()).encode())
    digest.update(repr(sorted(encoder.tokenizer.get_vocab().items())).encode())
    for name, weight in sorted(encoder.state().items()):
        digest.update(name.encode() + weight.detach().cpu().numpy().tobytes())
    return digest.hexdigest()
