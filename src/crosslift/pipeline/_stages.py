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
from math import ceil
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from crosslift import _shelf
from crosslift.encoder.device import default_device
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.tokenizer import train_tokenizer, word_tokenizer
from crosslift.errors import RecipeError
from crosslift.pipeline._data import Corpus, Text
from crosslift.pipeline._items import Feed, Items, bitext_feed, health, text_feed
from crosslift.pipeline._shared import StageTable, cache_directory, stage_seed
from crosslift.progress import Advance, progress
from crosslift.recipe import (
    AlignTable,
    DualEncoderTable,
    IntermediateTable,
    LanguageAdaptersTable,
    MethodTable,
    NamedTable,
    PretrainTable,
    Recipe,
    content_hash,
)
from crosslift.run_directory import JsonLines, finish, locked, remove
from crosslift.train import processes
from crosslift.train.health import Health
from crosslift.train.loop import Loop, Objective, Trained
from crosslift.train.method import Method
from crosslift.train.mixture import Mixture
from crosslift.train.selection import Selector
from crosslift.train.streams import Batches, Stream

CACHE_VERSION = 3
"""Raised when a change of crosslift changes what a cached stage would hold."""
ObjectivesTable = PretrainTable | AlignTable | DualEncoderTable | LanguageAdaptersTable


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


def starting_encoder(recipe: Recipe, text: Text | None) -> Staged:
    """Load the checkpoint of the recipe, or build one from scratch with a tokenizer trained on its text."""
    name = recipe.encoder.model
    preset = "lab" if name == "lab" else name.removeprefix("scratch:")
    if preset == name and name != "lab":
        encoder = Encoder.load(name, revision=recipe.encoder.revision).to(default_device())
        return Staged(encoder, content_hash([CACHE_VERSION, _fingerprint(encoder)]))
    if text is None or recipe.pretrain is None:
        raise RecipeError(f"encoder.model: '{name}' starts from nothing and needs a [pretrain] table with text")
    size, seed = recipe.encoder.vocabulary_size, recipe.pretrain.seed
    train = word_tokenizer if name == "lab" else train_tokenizer
    tokenizer = train(text.sentences(), size)
    encoder = Encoder.scratch(preset, tokenizer, seed=seed).to(default_device())
    processes.agree(lambda: _fingerprint(encoder), "the tokenizer they trained")
    return Staged(encoder, content_hash([CACHE_VERSION, preset, size, seed, text.fingerprint]))


def pretrain(start: Staged, recipe: Recipe, text: Text) -> Staged:
    """Run the recipe's masked language modelling on unpaired text."""
    table = recipe.pretrain
    assert table is not None
    seed = stage_seed(table, recipe.seed)

    def plan(encoder: Encoder) -> Plan:
        return Plan(*objectives_of(table, text_feed(encoder, text, table.max_length), seed))

    return stage("pretrain", start, table, seed, text.fingerprint, plan)


def align(start: Staged, recipe: Recipe, corpora: Sequence[Corpus]) -> Staged:
    """Run the recipe's alignment objectives, each on its bitext."""
    assert recipe.align is not None
    table = recipe.align.model_copy(update={"objective": in_its_world(recipe.align.objective, "align", recipe)})
    seed = stage_seed(table, recipe.seed)

    def plan(encoder: Encoder) -> Plan:
        objectives, steps = objectives_of(table, bitext_feed(encoder, corpora, table, seed), seed)
        batch_size = len(objectives[0].stream.batch(0))
        return Plan(objectives, steps, health(encoder, corpora[0], table, steps=steps, batch_size=batch_size))

    return stage("align", start, table, seed, [corpus.fingerprint for corpus in corpora], plan)


def _shaping(table: StageTable) -> dict[str, Any]:
    """Return the settings that change what a stage gives: not how often it saves, nor which seeds share it."""
    return table.model_dump(exclude={"seed", "per_seed", "save_seconds", "health_every", "stop_on_collapse"})


WORLDLY = ("lexicon", "neighbours", "memory")
"""Settings of methods for which "lab" means the recipe's own world."""


Named = TypeVar("Named", bound=NamedTable)


def in_its_world(methods: Sequence[Named], shelf: str, recipe: Recipe) -> tuple[Named, ...]:
    """Return methods with "lab" spelled out where they name a lexicon or neighbours: those of the recipe's world."""
    named = f"lab:{recipe.data.seed}"

    def spelled(method: Named) -> Named:
        settings = _shelf.load(shelf, method.use).model_validate(method.settings).model_dump(by_alias=True)
        return method.model_copy(update={key: named for key in WORLDLY if settings.get(key) == "lab"})

    return tuple(map(spelled, methods))


def _files_read(table: StageTable) -> list[str]:
    """Return hashes of the files that methods read by themselves, so that a changed one is a stage of its own."""
    patterns = [pattern for method in _methods(table) for pattern in method.files()]
    found = [path for pattern in patterns for path in sorted(glob(pattern))]  # noqa: PTH207  # some are absolute
    return [sha256(Path(path).read_bytes()).hexdigest() for path in found]


def _methods(table: StageTable) -> list[Method]:
    if isinstance(table, IntermediateTable):
        return [_shelf.load("finetune", method.use).model_validate(method.settings) for method in table.method]
    return [_method(objective) for objective in table.objective]


def _method(table: MethodTable) -> Method:
    made: Method = _shelf.load("align", table.use).model_validate(table.settings)
    return made


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
        made = _method(method)
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


def _fingerprint(encoder: Encoder) -> str:
    """Return a hash of an encoder's weights, configuration and vocabulary."""
    digest = sha256(repr(encoder.model.config.to_dict()).encode())
    digest.update(repr(sorted(encoder.tokenizer.get_vocab().items())).encode())
    for name, weight in sorted(encoder.state().items()):
        digest.update(name.encode() + weight.detach().cpu().numpy().tobytes())
    return digest.hexdigest()
