"""A recipe's stages in order, for one seed: read all data, train what is not cached, score, write the run once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from crosslift.adapters.languages import LanguageAdapters
from crosslift.cache import cache_directory
from crosslift.encoder.device import default_device
from crosslift.encoder.encoder import Encoder
from crosslift.errors import InputError
from crosslift.evaluation.fertility import fertility
from crosslift.evaluation.scores import by_group, summary
from crosslift.pipeline.cached_stage import Staged, locked_once
from crosslift.pipeline.inputs.read import RunData, read
from crosslift.pipeline.inputs.smoothing import check_smoothing
from crosslift.pipeline.lab_resources import in_its_world
from crosslift.pipeline.model_card import write_card
from crosslift.pipeline.scoring import Run, probe, score_retrieval, score_tuned, tests
from crosslift.pipeline.stages.align import align
from crosslift.pipeline.stages.dual_encoder import check_dual_encoder, dual_encoder
from crosslift.pipeline.stages.finetune import finetune, input_settings_of, method_of
from crosslift.pipeline.stages.intermediate import intermediate
from crosslift.pipeline.stages.language_adapters import language_adapters
from crosslift.pipeline.stages.pretrain import pretrain, starting_encoder
from crosslift.recipe import FinetuneTable, Recipe, content_hash, load, to_toml
from crosslift.retrieval.embedder import embedder
from crosslift.runs.write import JsonLines, claim, environment, finish, remove, results, write_json, write_text
from crosslift.train import processes
from crosslift.train.loop import join_processes
from crosslift.train.processes import is_main
from crosslift.train.windows import sides


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
    with locked_once(cache_directory() / "locks" / content_hash(str(output.absolute()))):
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


def _run(recipe: Recipe, data: RunData, folder: Path) -> None:
    run = Run(recipe, data, folder, warnings=list(data.warnings))
    if recipe.finetune and data.task:
        method_of(recipe.finetune, data.task)  # what does not go together shows before time is spent
        input_settings_of(recipe.finetune, data.task)
    check_smoothing(recipe, data.tests)
    processes.on_main(lambda: _describe(run))
    staged, languages = _adapted_encoder(run), None
    encoder = staged.encoder
    processes.on_main(lambda: score_retrieval(run, encoder))
    if data.adapter_text:
        staged, languages = language_adapters(staged, recipe, data.adapter_text)
    run.stages += staged.stages
    run.log += staged.log
    if recipe.finetune is None:
        processes.on_main(lambda: encoder.save(folder / "model"))
    else:
        _finetune_and_score(run, recipe.finetune, encoder, languages)
    processes.on_main(lambda: _write_results(run))


def _describe(run: Run) -> None:
    facts = environment(run.data.record, str(default_device()), torch.get_num_threads())
    write_text(run.folder / "recipe.toml", to_toml(run.recipe))
    write_json(run.folder / "environment.json", {**facts, "processes": processes.count()})


def _adapted_encoder(run: Run) -> Staged:
    """Return the encoder after pre-training, alignment and intermediate stages, probed after each."""
    staged = starting_encoder(run.recipe, run.data.text)
    # What the checkpoint lacks shows before time is spent.
    check_dual_encoder(run.recipe, staged.encoder)
    for test, table in tests(run, embedding_tasks=True):
        embedder(staged.encoder, test.task.task_type, table.pooling or "benchmark")
    if run.recipe.pretrain and run.data.text:
        staged = pretrain(staged, run.recipe, run.data.text)
    run.languages = _languages(run.data, staged.encoder)
    probe(run, staged.encoder, "pretrain" if run.recipe.pretrain else "start")
    if run.recipe.align:
        staged = align(staged, run.recipe, run.data.corpora)
        probe(run, staged.encoder, "align")
    for index, tasks in enumerate(run.data.intermediate):
        staged = intermediate(staged, run.recipe, index, tasks)
        probe(run, staged.encoder, staged.stages[-1]["stage"])
    if run.data.dual_encoder:
        staged = dual_encoder(staged, run.recipe, run.data.dual_encoder)
        probe(run, staged.encoder, "dual_encoder")
    return staged


def _languages(data: RunData, encoder: Encoder) -> dict[str, dict[str, Any]]:
    """Return what is known about the languages scored, and how finely they are cut."""
    return {
        code: {**facts, "tokenizer": fertility(encoder, data.sentences[code], language=sides(code)[1])}
        for code, facts in data.languages.items()
    }


def _finetune_and_score(run: Run, table: FinetuneTable, encoder: Encoder, languages: LanguageAdapters | None) -> None:
    assert run.data.task is not None
    log = JsonLines(run.folder / "states" / "log.jsonl")
    log.path.parent.mkdir(exist_ok=True)
    table = table.model_copy(update={"method": in_its_world(table.method, "finetune", run.recipe)})
    tuned = finetune(
        encoder, table, run.data.task, seed=run.recipe.seed, states=log.path.parent, log=log, languages=languages
    )
    run.stages.append({**tuned.stage, "cached": False})
    run.log += log
    run.warnings += tuned.warnings
    processes.on_main(lambda: score_tuned(run, table, tuned))


def _write_results(run: Run) -> None:
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
