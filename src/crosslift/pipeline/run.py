"""A run of a recipe for one seed, from reading the data to writing the run directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crosslift.cache import cache_directory
from crosslift.errors import InputError
from crosslift.pipeline.cached_stage import Staged, locked_once
from crosslift.pipeline.inputs.read import RunData, read
from crosslift.pipeline.inputs.smoothing import check_smoothing
from crosslift.pipeline.outcome import Outcome
from crosslift.pipeline.run_directory import write_results, write_settings
from crosslift.pipeline.scoring import Scoring
from crosslift.pipeline.stages.align import align
from crosslift.pipeline.stages.dual_encoder import check_dual_encoder, dual_encoder
from crosslift.pipeline.stages.encoder import starting_encoder
from crosslift.pipeline.stages.finetune import check_finetune, finetune
from crosslift.pipeline.stages.intermediate import intermediate
from crosslift.pipeline.stages.language_adapters import language_adapters
from crosslift.pipeline.stages.pretrain import pretrain
from crosslift.recipe import Recipe, content_hash, load, to_toml
from crosslift.runs.write import claim, finish, remove
from crosslift.train.loop import join_processes
from crosslift.train.processes import is_main, on_main


def run(recipe: Recipe | Path | str, output: Path | str | None = None, *, resume: bool = False) -> Path:
    """Run a recipe for its seed and write the run directory `output`, which exists only when it is complete.

    Args:
        recipe: the experiment, or the TOML file that holds it.
        output: directory to make; runs/NAME/seed-N if None.
        resume: continue an unfinished run of `output`; a finished one is left unchanged.

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
                on_main(lambda: finish(unfinished, output))
    return output


@contextmanager
def _claimed(recipe: Recipe, output: Path, *, resume: bool) -> Iterator[Path | None]:
    """Claim the output; wrong input leaves nothing behind unless there is training to resume."""
    unfinished = on_main(lambda: claim(output, to_toml(recipe), resume=resume))
    try:
        yield unfinished
    except InputError:
        if is_main() and unfinished is not None and not any((unfinished / "states").glob("*.pt")):
            remove(unfinished)
        raise


def _run(recipe: Recipe, data: RunData, folder: Path) -> None:
    """Check, describe, train, score and write; each part returns what it adds to results.json."""
    scoring = Scoring(recipe, data, folder)
    check_finetune(recipe, data.task)
    check_smoothing(recipe, data.tests)
    on_main(lambda: write_settings(folder, recipe, data))

    start = starting_encoder(recipe, data.text)
    check_dual_encoder(recipe, start.encoder)
    scoring.check_pooling(start.encoder)
    languages = scoring.languages(start.encoder)

    trained = _encoder_stages(start, recipe, data, scoring)
    outcome = Outcome(warnings=data.warnings) + on_main(lambda: scoring.embedding_tasks(trained.encoder))
    adapted, adapters = language_adapters(trained, recipe, data.adapter_text) if data.adapter_text else (trained, None)
    outcome += adapted.outcome
    if data.task is None:
        on_main(lambda: adapted.encoder.save(folder / "model"))
    else:
        tuned = finetune(adapted.encoder, recipe, data.task, states=folder / "states", languages=adapters)
        outcome += tuned.outcome + on_main(lambda: scoring.finetuned(tuned))
    on_main(lambda: write_results(folder, recipe, data, outcome=outcome, languages=languages))


def _encoder_stages(start: Staged, recipe: Recipe, data: RunData, scoring: Scoring) -> Staged:
    """Train the stages before fine-tuning in order, and probe the encoder after each."""

    def probed(staged: Staged, stage: str) -> Staged:
        return staged.plus(on_main(lambda: scoring.probe(staged.encoder, stage)))

    staged = probed(pretrain(start, recipe, data.text), "pretrain") if data.text else probed(start, "start")
    if data.corpora:
        staged = probed(align(staged, recipe, data.corpora), "align")
    for index, tasks in enumerate(data.intermediate):
        staged = intermediate(staged, recipe, index, tasks)
        staged = probed(staged, staged.outcome.stages[-1]["stage"])
    if data.dual_encoder:
        staged = probed(dual_encoder(staged, recipe, data.dual_encoder), "dual_encoder")
    return staged
