"""A recipe's stages in order, for one seed: read all data, train what is not cached, score, write the run once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from crosslift.encoder.adapters import LanguageAdapters
from crosslift.encoder.device import default_device
from crosslift.encoder.encoder import Encoder
from crosslift.errors import InputError, LanguageError
from crosslift.evaluation import generalized, probes
from crosslift.evaluation.averages import by_group
from crosslift.evaluation.by_vectors import scorer
from crosslift.evaluation.consistency import consistency
from crosslift.evaluation.embedder import embedder
from crosslift.evaluation.fertility import fertility
from crosslift.evaluation.generalized import predict_grid
from crosslift.evaluation.language_bias import Vectors
from crosslift.evaluation.predict import Record
from crosslift.evaluation.scores import scores, summary
from crosslift.evaluation.smoothing import Smoothing, predict_smoothed
from crosslift.evaluation.test_sets import TestSet, predictions
from crosslift.pipeline import _stages
from crosslift.pipeline._card import write_card
from crosslift.pipeline._data import RunData, read
from crosslift.pipeline._dual_encoder import check_dual_encoder, dual_encoder
from crosslift.pipeline._finetune import Finetuned, finetune, method_of, reading_of
from crosslift.pipeline._intermediate import intermediate
from crosslift.pipeline._language_adapters import language_adapters
from crosslift.pipeline._shared import cache_directory, lengths_of
from crosslift.pipeline._smoothing import check_smoothing, smoothing_of
from crosslift.recipe import EvaluateTable, FinetuneTable, Recipe, content_hash, load, to_toml
from crosslift.run_directory import (
    JsonLines,
    claim,
    environment,
    finish,
    remove,
    results,
    write_json,
    write_records,
    write_text,
)
from crosslift.tasks._task import BY_VECTORS, Example
from crosslift.train import processes
from crosslift.train.loop import join_processes
from crosslift.train.processes import is_main
from crosslift.train.windows import sides

__all__ = ["is_main", "run"]


def run(recipe: Recipe | Path | str, output: Path | str | None = None, *, resume: bool = False) -> Path:
    """Run a recipe for its seed and write the run directory `output`, which exists only when it is whole.

    Args:
        recipe: the experiment, or the TOML file that holds it.
        output: directory to make; runs/NAME/seed-N if None.
        resume: continue an unfinished run of `output`, or leave a whole one as it is.

    Raises:
        InputError: wrong data, checkpoint or recipe; nothing is left behind.
        RunError: training failed; the unfinished run stays for inspection.
    """
    join_processes()
    recipe = recipe if isinstance(recipe, Recipe) else load(Path(recipe))
    output = Path(output) if output else Path("runs") / recipe.name / f"seed-{recipe.seed}"
    with _stages.locked_once(cache_directory() / "locks" / content_hash(str(output.absolute()))):
        data = read(recipe)
        with _claimed(recipe, output, resume=resume) as unfinished:
            if unfinished is not None:
                _run(recipe, data, unfinished)
                processes.on_main(lambda: finish(unfinished, output))
    return output


@contextmanager
def _claimed(recipe: Recipe, output: Path, *, resume: bool) -> Iterator[Path | None]:
    """Claim the output; wrong input leaves nothing behind unless there is training to resume."""
    unfinished = processes.on_main(lambda: claim(output, to_toml(recipe), resume=resume))
    try:
        yield unfinished
    except InputError:
        if is_main() and unfinished is not None and not any((unfinished / "states").glob("*.pt")):
            remove(unfinished)
        raise


@dataclass
class _Run:
    """One run under way: what it was given and what results.json will hold."""

    recipe: Recipe
    data: RunData
    folder: Path
    scores: list[dict[str, Any]] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    probes: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    generalized: list[dict[str, Any]] = field(default_factory=list)
    consistency: list[dict[str, Any]] = field(default_factory=list)
    languages: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    predicted: dict[tuple[str, int], dict[str, list[Record]]] = field(default_factory=dict)
    """By selection rule and number of the test set; rules often choose the same weights, then applied once."""

    @property
    def source(self) -> str:
        """The language trained on, or the first task's where nothing is fine-tuned."""
        if self.data.task:
            return self.data.task.source
        return self.data.source.source_language(self.data.tests[0].task) if self.data.tests else ""


def _run(recipe: Recipe, data: RunData, folder: Path) -> None:
    run = _Run(recipe, data, folder, warnings=list(data.warnings))
    if recipe.finetune and data.task:
        method_of(recipe.finetune, data.task)  # what does not go together shows before time is spent
        reading_of(recipe.finetune, data.task)
    check_smoothing(recipe, data.tests)
    processes.on_main(lambda: _describe(run))
    staged, languages = _adapted_encoder(run), None
    encoder = staged.encoder
    processes.on_main(lambda: _score_retrieval(run, encoder))
    if data.adapter_text:
        staged, languages = language_adapters(staged, recipe, data.adapter_text)
    run.stages += staged.stages
    run.log += staged.log
    if recipe.finetune is None:
        processes.on_main(lambda: encoder.save(folder / "model"))
    else:
        _finetune_and_score(run, recipe.finetune, encoder, languages)
    processes.on_main(lambda: _write_results(run))


def _describe(run: _Run) -> None:
    facts = environment(run.data.record, str(default_device()), torch.get_num_threads())
    write_text(run.folder / "recipe.toml", to_toml(run.recipe))
    write_json(run.folder / "environment.json", {**facts, "processes": processes.count()})


def _adapted_encoder(run: _Run) -> _stages.Staged:
    """Return the encoder after pre-training, alignment and intermediate stages, probed after each."""
    staged = _stages.starting_encoder(run.recipe, run.data.text)
    # What the checkpoint lacks shows before time is spent.
    check_dual_encoder(run.recipe, staged.encoder)
    for test, table in _tests(run, by_vectors=True):
        embedder(staged.encoder, test.task.kind, table.pooling or "benchmark")
    if run.recipe.pretrain and run.data.text:
        staged = _stages.pretrain(staged, run.recipe, run.data.text)
    run.languages = _languages(run.data, staged.encoder)
    _probe(run, staged.encoder, "pretrain" if run.recipe.pretrain else "start")
    if run.recipe.align:
        staged = _stages.align(staged, run.recipe, run.data.corpora)
        _probe(run, staged.encoder, "align")
    for index, tasks in enumerate(run.data.intermediate):
        staged = intermediate(staged, run.recipe, index, tasks)
        _probe(run, staged.encoder, staged.stages[-1]["stage"])
    if run.data.dual_encoder:
        staged = dual_encoder(staged, run.recipe, run.data.dual_encoder)
        _probe(run, staged.encoder, "dual_encoder")
    return staged


def _languages(data: RunData, encoder: Encoder) -> dict[str, dict[str, Any]]:
    """Return what is known about the languages scored, and how finely they are cut."""
    return {
        code: {**facts, "tokenizer": fertility(encoder, data.sentences[code], language=sides(code)[1])}
        for code, facts in data.languages.items()
    }


def _finetune_and_score(run: _Run, table: FinetuneTable, encoder: Encoder, languages: LanguageAdapters | None) -> None:
    assert run.data.task is not None
    log = JsonLines(run.folder / "states" / "log.jsonl")
    log.path.parent.mkdir(exist_ok=True)
    table = table.model_copy(update={"method": _stages.in_its_world(table.method, "finetune", run.recipe)})
    tuned = finetune(
        encoder, table, run.data.task, seed=run.recipe.seed, states=log.path.parent, log=log, languages=languages
    )
    run.stages.append({**tuned.stage, "cached": False})
    run.log += log
    run.warnings += tuned.warnings
    processes.on_main(lambda: _score_tuned(run, table, tuned))


def _score_tuned(run: _Run, table: FinetuneTable, tuned: Finetuned) -> None:
    assert run.data.task is not None
    for rule, weights in tuned.weights.items():
        tuned.model.module.load_state_dict(weights)
        _score_task(run, tuned, rule)
    tuned.save(run.folder / "model", table.selection)
    _measure_space(run, tuned.model.encoder, "finetune", tuned.model.in_language)


def _score_task(run: _Run, tuned: Finetuned, rule: str) -> None:
    """Score every test set of the fine-tuned task's form with the weights of one selection rule, now in the model."""
    table = run.recipe.finetune
    assert table is not None
    folder = "predictions" if rule == table.selection else f"predictions.{rule}"
    for number, (test, scored) in enumerate(_tests(run, by_vectors=False)):
        smoothing = smoothing_of(scored, run.recipe)

        def predict_one(
            language: str, examples: list[Example], test: TestSet = test, smoothing: Smoothing | None = smoothing
        ) -> list[Record]:
            lengths = lengths_of(table, test.task.kind, tuned.model)
            return predict_smoothed(
                tuned.model, examples, smoothing=smoothing, language=test.read_in(language), **lengths
            )

        predicted = run.predicted.get((tuned.twin(rule), number)) or dict(
            predictions(test, predict_one, f"{test.task.name} ({rule})")
        )
        run.predicted[rule, number] = predicted
        for language, records in predicted.items():
            _keep(run, test, language, records, rule, folder)
        _keep_consistency(run, test, predicted, rule)
        if test.generalized and rule == table.selection:
            _score_grid(run, tuned, test, predicted)


def _score_grid(run: _Run, tuned: Finetuned, test: TestSet, diagonal: Mapping[str, list[Record]]) -> None:
    """Score every ordered pair of languages with the weights that become RUN/model, now in the model."""
    table = run.recipe.finetune
    assert table is not None
    grid = {}
    length = lengths_of(table, test.task.kind, tuned.model)["max_length"]
    for pair, records in predict_grid(tuned.model, test, diagonal, max_length=length):
        grid[pair] = records
        write_records(run.folder / "predictions" / generalized.file(test.task, pair), records)
    run.generalized += generalized.scores(test.task, run.data.source.labels(test.task), grid, selection=table.selection)


def _keep_consistency(run: _Run, test: TestSet, predicted: Mapping[str, list[Record]], rule: str) -> None:
    if test.task.parallel and test.task.kind not in ("tagging", "joint", "span"):
        row = consistency(predicted, run.source, task=test.task.name, selection=rule)
        run.consistency += [row] if row else []


def _score_retrieval(run: _Run, encoder: Encoder) -> None:
    """Score retrieval, mining and ranking with the encoder before fine-tuning, as XTREME does."""
    for test, table in _tests(run, by_vectors=True):
        ways = {"pooling": table.pooling or "benchmark", "search": table.search or "auto"}
        scored = scorer(encoder, test, source=run.data.source.source_language(test.task), **ways)
        for language, records in predictions(test, scored, test.task.name):
            _keep(run, test, language, records, "last", "predictions")
        run.warnings += scored.notes


def _tests(run: _Run, *, by_vectors: bool) -> list[tuple[TestSet, EvaluateTable]]:
    both = zip(run.data.tests, run.recipe.evaluate, strict=True)
    return [(test, table) for test, table in both if (test.task.kind in BY_VECTORS) == by_vectors]


def _keep(run: _Run, test: TestSet, language: str, records: list[Record], rule: str, name: str) -> None:
    write_records(run.folder / name / test.task.name / f"{language}.jsonl", records)
    run.scores += scores(test.task, run.data.source.labels(test.task), language, records, selection=rule)


def _probe(run: _Run, encoder: Encoder, stage: str) -> None:
    processes.on_main(lambda: _measure_space(run, encoder, stage))


def _as_it_is(language: str) -> AbstractContextManager[None]:
    """Have nothing changed for a language."""
    del language
    return nullcontext()


def _measure_space(
    run: _Run, encoder: Encoder, stage: str, in_language: Callable[[str], AbstractContextManager[None]] = _as_it_is
) -> None:
    """Measure retrieval between languages on a parallel test set, and keep the vectors for the report's map."""
    untranslated = (test for test in run.data.tests if test.translated_into is None)
    test = next((test for test in untranslated if test.task.parallel), None)
    if test is None:
        return
    texts = probes.parallel_texts(test.by_language, run.data.source.source_language(test.task))
    space: dict[str, Vectors] = {}
    for code, rows in texts.items():
        with suppress(LanguageError), in_language(code):  # retrieval is scored in languages that no adapter may be for
            space |= probes.vectors(encoder, {code: rows})
    if not space:
        return
    parallel = {code: rows for code, rows in texts.items() if code in space}
    run.probes += probes.measures(space, run.source, stage)
    probes.save_vectors(run.folder / "embeddings.npz", space, parallel, stage)


def _write_results(run: _Run) -> None:
    log = JsonLines(run.folder / "log.jsonl")
    log.truncate(0)
    for line in run.log:
        log.append(line)
    content = results(
        run.recipe.name,
        run.recipe.seed,
        scores=run.scores,
        summary=summary(run.scores, run.source),
        stages=run.stages,
        probes=run.probes,
        languages=run.languages,
        warnings=run.warnings,
        generalized=run.generalized,
        consistency=run.consistency,
        groups=by_group(run.scores, run.languages, run.source),
    )
    write_card(run.folder, content, run.recipe, run.data)
    write_json(run.folder / "results.json", content)
    remove(run.folder / "states")
