"""The encoder that fine-tuning starts from: loaded or built, pre-trained, aligned.

Each training stage is cached under the hash of all that shapes it, so seeds of one recipe and recipes that begin alike
share the work, and an interrupted stage goes on where it was.
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
from crosslift.pipeline.stage_seed import StageTable
from crosslift.progress import Advance, progress
from crosslift.recipe import IntermediateTable, content_hash
from crosslift.runs.write import JsonLines, finish, locked, remove
from crosslift.train import processes
from crosslift.train.health import Health
from crosslift.train.loop import Loop, Objective, Trained
from crosslift.train.method import Method
from crosslift.train.selection import Selector

CACHE_VERSION = 3
"""Raised when a change of crosslift changes what a cached stage would hold."""


@dataclass(frozen=True)
class Staged:
    """An encoder, the key of all that shaped it, and what each stage behind it cost."""

    encoder: Encoder
    key: str
    stages: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What a stage trains on, for how long, and what watches it."""

    objectives: Sequence[Objective]
    steps: int
    health: Health | None = None
    model: Any = None
    """What methods are handed, if it is not the encoder itself."""
    module: nn.Module | None = None
    """What is trained, if it is not the encoder's model."""
    selector: Selector | None = None
    evaluate: Callable[[], dict[str, float]] | None = None
    finish: Callable[[Trained], None] = lambda _trained: None
    """Brings what was trained into the encoder."""
    save: Callable[[Path], None] | None = None
    """Writes what was trained, if it is not the encoder."""
    record: dict[str, Any] = field(default_factory=dict)
    """What the stage's line in results.json says beside its cost."""


def _shaping(table: StageTable) -> dict[str, Any]:
    """Return the settings that change what a stage gives: not how often it saves, nor which seeds share it."""
    return table.model_dump(exclude={"seed", "per_seed", "save_seconds", "health_every", "stop_on_collapse"})


def _files_read(table: StageTable) -> list[str]:
    """Return hashes of the files that methods read by themselves, so that a changed one is a stage of its own."""
    patterns = [pattern for method in _methods(table) for pattern in method.files()]
    found = [path for pattern in patterns for path in sorted(glob(pattern))]  # noqa: PTH207  # some are absolute
    return [sha256(Path(path).read_bytes()).hexdigest() for path in found]


def _methods(table: StageTable) -> list[Method]:
    if isinstance(table, IntermediateTable):
        return [registry.load("finetune", method.use).model_validate(method.settings) for method in table.method]
    return [objective_method(objective) for objective in table.objective]


def stage(
    name: str, start: Staged, table: StageTable, seed: int, fingerprint: Any, plan: Callable[[Encoder], Plan]
) -> Staged:
    """Return what a stage makes of the encoder: trained, or from the cache."""
    folder, key, record = trained_in(name, start, table, seed, fingerprint, plan)
    encoder = Encoder.load(folder / "model").to(default_device())
    encoder.origin = start.encoder.origin
    return replace(logged(start, folder, record), encoder=encoder, key=key)


def trained_in(
    name: str, start: Staged, table: StageTable, seed: int, fingerprint: Any, plan: Callable[[Encoder], Plan]
) -> tuple[Path, str, dict[str, Any]]:
    """Return the folder of the cache that holds what a stage trained, its key, and the stage's line in results.json."""
    # A batch is drawn a process, so their number shapes what comes out.
    shared = [processes.count()] if processes.count() > 1 else []
    key = content_hash([name, start.key, _shaping(table), seed, fingerprint, *shared, *_files_read(table)])
    processes.agree(lambda: key, f"the data of [{name}]")
    folder = cache_directory() / "stages" / key
    with locked_once(folder.with_name(f"{key}.lock")):
        cached = processes.on_main(folder.exists)
        if not cached:
            _train(name, folder, start.encoder, table, seed, plan(start.encoder))
    record = next(line for line in JsonLines(folder / "stage.jsonl"))
    return folder, key, {**record, "cached": cached}


def logged(start: Staged, folder: Path, record: dict[str, Any]) -> Staged:
    """Return what there was, and what a stage has cost besides."""
    log = [*start.log, *JsonLines(folder / "log.jsonl")]
    return replace(start, stages=[*start.stages, record], log=log)


def locked_once(path: Path) -> AbstractContextManager[None]:
    """Hold a lock for all processes of the run: the main one does."""
    return locked(path) if processes.is_main() else nullcontext()


def _train(name: str, folder: Path, encoder: Encoder, table: StageTable, seed: int, plan: Plan) -> None:
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

    def keep() -> None:
        (plan.save or encoder.save)(work / "model")
        JsonLines(work / "stage.jsonl").truncate(0)
        JsonLines(work / "stage.jsonl").append({**stage_record(name, trained), **plan.record})
        remove(work / "states")
        finish(work, folder)

    processes.on_main(keep)


def stage_progress(stage: str, steps: int) -> AbstractContextManager[Advance]:
    """Show a bar, once for all processes of the run."""
    return progress(stage, steps) if processes.is_main() else nullcontext(lambda _done, _values: None)


def stage_record(stage: str, trained: Trained) -> dict[str, Any]:
    """Return a stage's line in results.json."""
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
