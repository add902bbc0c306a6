"""All that a recipe reads, read before anything is trained: mistakes in the data show before time is spent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from crosslift import languages
from crosslift.data.bitext import Bitext
from crosslift.data.sources import Source, SourceSettings, find_task, open_source
from crosslift.data.sources.lab import Lab
from crosslift.data.text import existing, lines
from crosslift.errors import LanguageError, RecipeError, nearest
from crosslift.evaluation import generalized
from crosslift.evaluation.test_sets import TestSet, read_test_set
from crosslift.lab import World, shared_world
from crosslift.pipeline._oracle import read_target_dev
from crosslift.pipeline._parts import check_languages
from crosslift.pipeline._shared import stage_seed
from crosslift.pipeline._task_data import TaskData, dual_encoder_data, task_data, translated, warnings_about
from crosslift.recipe import (
    AlignTable,
    BitextTable,
    EvaluateTable,
    IntermediateTable,
    Recipe,
    TextTable,
    content_hash,
)
from crosslift.tasks._task import BY_VECTORS, Task, texts

LAB_SENTENCES = 20_000
"""Sentences of unpaired text in a lab language with full resources."""
LAB_PAIRS = 4_000
"""Sentence pairs of the source and a lab language with full resources."""


@dataclass(frozen=True)
class Text:
    """Unpaired text by language."""

    by_language: dict[str, list[str]]

    @property
    def fingerprint(self) -> str:
        """A hash of every sentence."""
        return content_hash(self.by_language)

    def sentences(self) -> Iterator[str]:
        """Yield all sentences, language after language."""
        for sentences in self.by_language.values():
            yield from sentences


@dataclass(frozen=True)
class Corpus:
    """Sentence pairs (source, target) by target language."""

    source: str
    by_language: dict[str, Bitext]

    @property
    def fingerprint(self) -> str:
        """A hash of every pair and its links."""
        rows = {
            code: [[*pair, bitext.links(index)] for index, pair in enumerate(bitext)]
            for code, bitext in self.by_language.items()
        }
        return content_hash([self.source, rows])


@dataclass(frozen=True)
class Tasks:
    """What an intermediate stage trains on: tasks, and perhaps unpaired text."""

    tasks: tuple[TaskData, ...]
    text: Text | None = None

    @property
    def fingerprint(self) -> list[str | None]:
        """Hashes of every example and sentence."""
        return [*(task.fingerprint for task in self.tasks), self.text.fingerprint if self.text else None]


@dataclass(frozen=True)
class RunData:
    """Everything a recipe reads."""

    source: Source
    text: Text | None
    corpora: tuple[Corpus, ...]
    """The bitext of each alignment objective."""
    task: TaskData | None
    tests: list[TestSet]
    adapter_text: Text | None = None
    """What language adapters are trained on."""
    intermediate: tuple[Tasks, ...] = ()
    """What each intermediate stage trains on."""
    dual_encoder: TaskData | None = None
    """What a dual encoder is trained on."""
    warnings: list[str] = field(default_factory=list)

    @property
    def record(self) -> dict[str, Any]:
        """Return what environment.json keeps of the data: origins, hashes, and what the filters dropped."""
        reports: dict[str, dict[str, None]] = {}
        for corpus in self.corpora:
            for code, bitext in corpus.by_language.items():
                reports.setdefault(code, {})[str(bitext.report)] = None
        return {**self.source.describe(), "bitext": {code: " | ".join(each) for code, each in reports.items()}}

    @property
    def languages(self) -> dict[str, dict[str, Any]]:
        """Return what is known about every language scored, for the report."""
        return {code: facts_of(code, self.source) for code in self.sentences}

    @property
    def sentences(self) -> dict[str, list[str]]:
        """Return the first texts of the examples by language scored, of its first test set."""
        found: dict[str, list[str]] = {}
        for test in self.tests:
            for code, examples in test.by_language.items():
                found.setdefault(code, [texts(example)[0] for example in examples])
        return found


def read(recipe: Recipe) -> RunData:
    """Read and check all that a recipe names.

    Raises:
        DataError: a file, a column, a label, an encoding.
        LanguageError: a language that the task or the data lacks.
        RecipeError: a table that needs a path has none.
    """
    world = shared_world(recipe.data.seed)
    source = open_source(recipe.data)
    tests = [_test_set(source, table, recipe.data) for table in recipe.evaluate]
    _check_forms(recipe, source, tests)
    text = _text(recipe.pretrain.text, recipe.data, world, "pretrain.text") if recipe.pretrain else None
    corpora = _corpora(recipe.align, recipe.data, world, tests) if recipe.align else ()
    own = recipe.language_adapters
    adapter_text = _text(own.text, recipe.data, world, "language_adapters.text") if own else None
    unread = check_languages(recipe, source, tests, list(adapter_text.by_language)) if adapter_text else []
    # Translating may take hours: last, when all else is known to be right.
    task = task_data(source, recipe.finetune, recipe, recipe.seed, "finetune") if recipe.finetune else None
    intermediate = tuple(
        _tasks(source, table, recipe, world, f"intermediate.{index}") for index, table in enumerate(recipe.intermediate)
    )
    dual = dual_encoder_data(source, recipe.dual_encoder, recipe) if recipe.dual_encoder else None
    asked: list[str] = []
    if task and recipe.finetune:
        target_dev, asked = read_target_dev(source, recipe.finetune, tests, task.source)
        task = replace(task, target_dev=target_dev)
    tests = [translated(test, table, recipe, source, index) for index, (test, table) in _numbered(tests, recipe)]
    tasks = [each for stage in intermediate for each in stage.tasks] + [each for each in (dual, task) if each]
    warnings = [*unread, *asked, *warnings_about(tasks, tests, recipe)]
    return RunData(source, text, corpora, task, tests, adapter_text, intermediate, dual, warnings)


def _numbered(tests: Sequence[TestSet], recipe: Recipe) -> Iterator[tuple[int, tuple[TestSet, EvaluateTable]]]:
    return enumerate(zip(tests, recipe.evaluate, strict=True))


def _check_forms(recipe: Recipe, source: Source, tests: Sequence[TestSet]) -> None:
    """Check that the fine-tuned model can be scored on every test set; retrieval needs no head."""
    trained: Task | None = find_task(recipe.finetune.task, recipe.data) if recipe.finetune else None

    def form(task: Task) -> str:
        labels = ", ".join(source.labels(task))
        return f"'{task.name}' ({task.kind}, labels {labels})" if labels else f"'{task.name}' ({task.kind})"

    for index, test in enumerate(tests):
        if test.task.kind in BY_VECTORS:
            continue
        if trained is None:
            raise RecipeError(f"evaluate.{index}.task: '{test.task.name}' needs a model fine-tuned on it: [finetune]")
        if (test.task.kind, source.labels(test.task)) != (trained.kind, source.labels(trained)):
            raise RecipeError(
                f"evaluate.{index}.task: a model fine-tuned on {form(trained)} cannot be scored on {form(test.task)}"
            )


def _tasks(source: Source, table: IntermediateTable, recipe: Recipe, world: World, key: str) -> Tasks:
    seed = stage_seed(table, recipe.seed)
    each = [table.model_copy(update={"task": name}) for name in table.names]
    text = _text(table.mlm.text, recipe.data, world, f"{key}.mlm.text") if table.mlm else None
    return Tasks(tuple(task_data(source, one, recipe, seed, key) for one in each), text)


def _test_set(source: Source, table: EvaluateTable, data: SourceSettings) -> TestSet:
    task = find_task(table.task, data)
    languages = None if isinstance(table.languages, str) else table.languages
    if table.generalized:
        generalized.check(task, "evaluate.generalized")
        generalized.check_plain(table.smooth, "evaluate.generalized")
    test = read_test_set(source, task, table.split, languages, table.limit)
    if table.generalized:
        generalized.check_languages(test.by_language, "evaluate.generalized")
    return replace(test, generalized=table.generalized)


def _text(table: TextTable, data: SourceSettings, world: World, key: str) -> Text:
    if table.path is None:
        _needs_lab(data, key)
        codes = _lab_languages(world, table.languages)
        return Text({code: world.text(code, _lab_count(world, code, LAB_SENTENCES, table.limit)) for code in codes})
    files = _language_files(table.path, ".txt", table.languages, key)
    return Text(
        {code: [text for _, text in lines(path) if text.strip()][: table.limit] for code, path in files.items()}
    )


def _corpora(table: AlignTable, data: SourceSettings, world: World, tests: Sequence[TestSet]) -> tuple[Corpus, ...]:
    """Read the bitext of each objective; objectives that read the same share it."""
    keys = [content_hash(bitext.read.model_dump()) for bitext in table.bitexts]
    read = {
        key: _corpus(bitext, data, world, tests) for key, bitext in dict(zip(keys, table.bitexts, strict=True)).items()
    }
    return tuple(read[key] for key in keys)


def _corpus(table: BitextTable, data: SourceSettings, world: World, tests: Sequence[TestSet]) -> Corpus:
    corpus = _translations(table, data, world, tests)
    if not table.unpaired:
        return corpus
    return Corpus(corpus.source, {code: _unpaired(bitext) for code, bitext in corpus.by_language.items()})


def _unpaired(bitext: Bitext) -> Bitext:
    """Return the same sentences with the targets in another order, and without links."""
    pairs = list(bitext)
    order = np.random.default_rng((0, len(pairs))).permutation(len(pairs))
    rows = [(source, pairs[other][1]) for (source, _), other in zip(pairs, order, strict=True)]
    return Bitext.from_pairs(rows, languages=bitext.languages)


def _translations(table: BitextTable, data: SourceSettings, world: World, tests: Sequence[TestSet]) -> Corpus:
    """Read the bitext, less the sentences that are scored on (the lab's differ in meaning already)."""
    if table.path is None:
        _needs_lab(data, "align.bitext")
        source = world.source.code
        codes = [code for code in _lab_languages(world, table.languages) if code != source]
        counts = {code: _lab_count(world, code, LAB_PAIRS, table.limit) for code in codes}
        return Corpus(
            source,
            {code: _lab_bitext(world, source, code, count) for code, count in counts.items()},
        )
    files = _language_files(table.path, ".tsv", table.languages, "align.bitext")
    scored = {text for test in tests for rows in test.by_language.values() for row in rows for text in texts(row)}
    return Corpus(
        table.source,
        {
            code: Bitext.read(path, (table.source, code), filters=table.filters, test_texts=scored, limit=table.limit)
            for code, path in files.items()
        },
    )


def _language_files(folder: Path, ending: str, wanted: Sequence[str] | str, key: str) -> dict[str, Path]:
    """Return the file of each language in a folder of `{language}{ending}` files, plain or with .gz."""
    there = {path.name.partition(".")[0] for path in sorted(folder.glob(f"*{ending}*"))}
    codes = sorted(there) if isinstance(wanted, str) else wanted
    if not there:
        raise RecipeError(f"{key}.path: {folder} holds no {{language}}{ending} file, plain or with .gz")
    for code in codes:
        if code not in there:
            raise LanguageError(
                f"{key}.languages: {folder} has no file for '{code}'{nearest(code, there)} "
                f"(there is: {', '.join(sorted(there))})"
            )
    return {code: existing(folder / f"{code}{ending}") for code in codes}


def _lab_bitext(world: World, source: str, target: str, count: int) -> Bitext:
    pairs = world.bitext(source, target, count)
    return Bitext.from_pairs(
        ((pair.source, pair.target) for pair in pairs),
        languages=(source, target),
        links=[pair.links for pair in pairs],
    )


def _needs_lab(data: SourceSettings, key: str) -> None:
    if data.source != "lab":
        raise RecipeError(f"{key}.path is missing; only data.source = 'lab' brings its own text")


def _lab_languages(world: World, wanted: Sequence[str] | str) -> list[str]:
    if isinstance(wanted, str):
        return [language.code for language in world.languages]
    return [world.language(code).code for code in wanted]


def _lab_count(world: World, code: str, count: int, limit: int | None) -> int:
    count = round(count * world.language(code).resources)
    return count if limit is None else min(count, limit)


def facts_of(code: str, source: Source) -> dict[str, Any]:
    """Return what a report says about a language."""
    if isinstance(source, Lab):
        artificial = source.world.language(code)
        return {
            "name": artificial.name,
            "script": artificial.script,
            "family": "lab",
            "description": artificial.description,
            "distance": round(artificial.distance(source.world.source), 3),
        }
    language = languages.get(code)
    return {
        "name": language.name,
        "script": language.script,
        "family": language.family,
        "resources": language.resources,
        "description": f"{language.resources} resources",
    }
