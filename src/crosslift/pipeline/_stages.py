"""The encoder that fine-tuning starts from: loaded or built, pre-trained, aligned.

Each training stage is cached under the hash of all that shapes it, so seeds of one recipe and recipes that begin alike
share the work, and an interrupted stage goes on where it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from crosslift import _shelf
from crosslift.encoder.device import default_device
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.encoder.tokenizer import train_tokenizer, word_tokenizer
from crosslift.errors import RecipeError
from crosslift.pipeline._data import Corpus, Text
from crosslift.progress import progress
from crosslift.recipe import AlignTable, MethodTable, PretrainTable, Recipe, content_hash
from crosslift.run_directory import JsonLines, finish, locked, remove
from crosslift.train.loop import Loop, Objective, Trained
from crosslift.train.pairs import TokenPair
from crosslift.train.streams import Stream

CACHE_VERSION = 1
"""Raised when a change of crosslift changes what a cached stage would hold."""


@dataclass(frozen=True)
class Staged:
    """An encoder, the key of all that shaped it, and what each stage behind it cost."""

    encoder: Encoder
    key: str
    stages: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)


def cache_directory() -> Path:
    """Return where stages are cached: $CROSSLIFT_CACHE, else crosslift in the user's cache directory."""
    given = os.environ.get("CROSSLIFT_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(base) / "crosslift"


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
    return Staged(encoder, content_hash([CACHE_VERSION, preset, size, seed, text.fingerprint]))


def pretrain(start: Staged, recipe: Recipe, text: Text) -> Staged:
    """Run the recipe's masked language modelling on unpaired text."""
    table = recipe.pretrain
    assert table is not None
    seed = stage_seed(table, recipe.seed)
    key = content_hash(["pretrain", start.key, _shaping(table), seed, text.fingerprint])

    def objectives(encoder: Encoder) -> list[Objective]:
        items, groups = _text_items(encoder, text.by_language, table.max_length)
        return [_objective(method, table, seed, {"text": (items, groups)}) for method in table.objective]

    return _cached("pretrain", key, start, table, objectives, seed)


def align(start: Staged, recipe: Recipe, corpus: Corpus) -> Staged:
    """Run the recipe's alignment objectives on bitext."""
    table = recipe.align
    assert table is not None
    seed = stage_seed(table, recipe.seed)
    key = content_hash(["align", start.key, _shaping(table), seed, corpus.fingerprint])

    def objectives(encoder: Encoder) -> list[Objective]:
        pairs, groups = _pair_items(encoder, corpus, table.max_length)
        sides = [side for pair in pairs for side in (pair.source, pair.target)]
        streams: dict[str, Items] = {
            "bitext": (pairs, groups),
            "text": (sides, [group for group in groups for _ in range(2)]),
        }
        return [_objective(method, table, seed, streams) for method in table.objective]

    return _cached("align", key, start, table, objectives, seed)


def _shaping(table: PretrainTable | AlignTable) -> dict[str, Any]:
    """Return the settings that change what a stage gives: not how often it saves, nor which seeds share it."""
    return table.model_dump(exclude={"seed", "per_seed", "save_seconds"})


def stage_seed(table: PretrainTable | AlignTable, seed: int) -> int:
    """Return the seed of a shared stage: its own, or one for each seed of the recipe."""
    return table.seed + 1000 * (seed + 1) if table.per_seed else table.seed


def _cached(
    stage: str,
    key: str,
    start: Staged,
    table: PretrainTable | AlignTable,
    objectives: Callable[[Encoder], list[Objective]],
    seed: int,
) -> Staged:
    folder = cache_directory() / "stages" / key
    with locked(folder.with_name(f"{key}.lock")):
        cached = folder.exists()
        if not cached:
            _train(stage, folder, start.encoder, table, objectives, seed)
    record = next(line for line in JsonLines(folder / "stage.jsonl"))
    return Staged(
        Encoder.load(folder / "model").to(default_device()),
        key,
        [*start.stages, {**record, "cached": cached}],
        [*start.log, *JsonLines(folder / "log.jsonl")],
    )


def _train(
    stage: str,
    folder: Path,
    encoder: Encoder,
    table: PretrainTable | AlignTable,
    objectives: Callable[[Encoder], list[Objective]],
    seed: int,
) -> None:
    work = folder.with_name(folder.name + ".unfinished")
    work.mkdir(parents=True, exist_ok=True)
    made = objectives(encoder)
    steps = training_steps(table, made, default_epochs=1.0)
    with progress(stage, steps) as advance:
        loop = Loop(
            model=encoder,
            module=encoder.model,
            objectives=made,
            table=table,
            steps=steps,
            seed=seed,
            stage=stage,
            states=work / "states",
            log=JsonLines(work / "log.jsonl"),
            on_step=advance,
        )
        trained = loop.run()
    encoder.eval()
    encoder.save(work / "model")
    JsonLines(work / "stage.jsonl").truncate(0)
    JsonLines(work / "stage.jsonl").append(stage_record(stage, trained))
    remove(work / "states")
    finish(work, folder)


def stage_record(stage: str, trained: Trained) -> dict[str, Any]:
    """Return a stage's line in results.json."""
    return {
        "stage": stage,
        "seconds": round(trained.seconds, 3),
        "tokens": trained.tokens,
        "steps": trained.steps,
    }


def training_steps(table: Any, objectives: Sequence[Objective], *, default_epochs: float) -> int:
    """Return the optimizer steps of a stage: given, or epochs of its first objective's stream."""
    if table.steps is not None:
        return int(table.steps)
    return max(1, objectives[0].stream.steps(table.epochs or default_epochs))


Items = tuple[Sequence[Any], Sequence[int]]


def _objective(
    method: MethodTable, table: PretrainTable | AlignTable, seed: int, streams: dict[str, Items]
) -> Objective:
    made = _shelf.load("align", method.use).model_validate(method.settings)
    items, groups = streams[made.reads]
    # An order of its own for each objective, so that two on the same bitext do not see the same pairs together.
    order = int(content_hash(method.use)[:8], 16)
    stream = Stream(
        items,
        [len(item) for item in items],
        batch_size=table.batch_size,
        batch_tokens=table.batch_tokens,
        groups=groups,
        temperature=table.temperature,
        seed=seed * 2**32 + order,
    )
    return Objective(method.use, made, stream, method.weight)


def _text_items(encoder: Encoder, text: dict[str, list[str]], max_length: int) -> tuple[list[Tokens], list[int]]:
    items: list[Tokens] = []
    groups: list[int] = []
    for group, (language, sentences) in enumerate(text.items()):
        items += encoder.tokenize(sentences, max_length=max_length, language=language)
        groups += [group] * len(sentences)
    return items, groups


def _pair_items(encoder: Encoder, corpus: Corpus, max_length: int) -> tuple[list[TokenPair], list[int]]:
    items: list[TokenPair] = []
    groups: list[int] = []
    for group, (language, pairs) in enumerate(corpus.by_language.items()):
        # Half each, so that a joined pair fits too.
        sides = [
            encoder.tokenize(texts, max_length=max_length // 2, language=code)
            for texts, code in (
                ([source for source, _ in pairs], corpus.source),
                ([target for _, target in pairs], language),
            )
        ]
        items += [TokenPair(source, target) for source, target in zip(*sides, strict=True)]
        groups += [group] * len(pairs)
    return items, groups


def _fingerprint(encoder: Encoder) -> str:
    """Return a hash of an encoder's weights, configuration and vocabulary."""
    digest = sha256(repr(encoder.model.config.to_dict()).encode())
    digest.update(repr(sorted(encoder.tokenizer.get_vocab().items())).encode())
    for name, weight in sorted(encoder.state().items()):
        digest.update(name.encode() + weight.detach().cpu().numpy().tobytes())
    return digest.hexdigest()
