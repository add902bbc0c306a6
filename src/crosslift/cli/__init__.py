"""The command line: parse, call, print.  Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from crosslift.cli.exit import exit_with
from crosslift.cli.options import Data, Json, Languages, codes
from crosslift.cli.study import study
from crosslift.errors import InputError, RunExistsError
from crosslift.version import __version__

app = typer.Typer(
    name="crosslift",
    help="Zero-shot cross-lingual transfer: train on one language, serve the others.",
    epilog="Start with: crosslift demo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"crosslift {__version__}")
        raise typer.Exit


@app.callback()
def options(
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where in the code an error arose.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Zero-shot cross-lingual transfer: train on one language, serve the others."""


@app.command(
    short_help="Show in the lab what alignment buys; needs no data.", epilog="Example: crosslift demo --seeds 3 --json"
)
def demo(
    output: Annotated[Path, typer.Option(help="Directory to write; an earlier demo there is replaced.")] = Path(
        "runs/demo"
    ),
    seeds: Annotated[int, typer.Option(min=1, help="Runs with seeds 0, 1, ...")] = 1,
    as_json: Json = False,
) -> None:
    """Pre-train, align and fine-tune in the lab, and show what alignment bought.  Needs no data and no network."""
    from crosslift.demo import run_demo

    directories = run_demo(output, seeds=seeds)
    _show(output, directories, as_json=as_json)


@app.command(
    epilog="Example: crosslift run recipes/xnli.toml encoder.model=xlm-roberta-base finetune.epochs=1 --data data"
)
def run(
    recipe: Annotated[Path, typer.Argument(help="TOML file; `recipes/` has examples.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="KEY.PATH=VALUE", help="Laid over the recipe.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Run directory to make.", show_default="runs/NAME/seed-N")] = None,
    data: Data = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Make so many runs, OUTPUT/seed-N from the recipe's seed on.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an unfinished run of OUTPUT.")] = False,
    as_json: Json = False,
) -> None:
    """Run a recipe: stages, scores in every language, report."""
    from crosslift import recipe as recipes

    given = [f"data.path={json.dumps(str(data.absolute()))}", 'data.source="directory"'] if data else []
    loaded = recipes.load(recipe, [*given, *(overrides or [])])
    from crosslift.pipeline.run import run as run_recipe
    from crosslift.train.processes import is_main

    base = output or Path("runs") / loaded.name
    directories = []
    for seed in range(loaded.seed, loaded.seed + (seeds or 1)):
        directory = base if output and seeds is None else base / f"seed-{seed}"
        one = recipes.build({**recipes.values(loaded), "seed": seed}, where=str(recipe))
        directories.append(run_recipe(one, directory, resume=resume))
    if is_main():  # of the processes of a distributed run
        _show(base, directories, as_json=as_json)


@app.command(epilog="Example: crosslift evaluate runs/demo/aligned/seed-0/model --task xnli --lab --languages qaa,qab")
def evaluate(
    model: Annotated[str, typer.Argument(help="Directory or hub id of a checkpoint with a head for the task.")],
    task: Annotated[
        str,
        typer.Option(help="Name of a task: `crosslift list tasks`; all: those that data has and the model fits."),
    ],
    languages: Languages = None,
    split: Annotated[Literal["dev", "test"], typer.Option(help="dev or test.")] = "test",
    data: Annotated[
        Path | None,
        typer.Option(
            help="Directory in the layout of XTREME's download script, or a recipe, for its [data].",
            show_default="the hub",
        ),
    ] = None,
    lab: Annotated[bool, typer.Option("--lab", help="Take the lab's examples instead of data.")] = False,
    max_length: Annotated[
        int | None,
        typer.Option(min=8, help="Tokens an input is cut to, with a head.", show_default="as in training"),
    ] = None,
    generalized: Annotated[
        bool, typer.Option("--generalized", help="Score every ordered pair of languages too (pairs of texts).")
    ] = False,
    output: Annotated[Path | None, typer.Option(help="Directory for predictions and results.json.")] = None,
    pooling: Annotated[
        Literal["benchmark", "native", "pooler", "mean", "mean_no_special", "first"],
        typer.Option(help="How retrieval, mining and ranking tasks make vectors; native: as the checkpoint says."),
    ] = "benchmark",
    search: Annotated[
        Literal["auto", "exact", "faiss"],
        typer.Option(help="How they find neighbours; auto: exact up to 100,000 sentences or on an accelerator."),
    ] = "auto",
    precision: Annotated[
        Literal["float32", "bfloat16", "int8"], typer.Option(help="Fewer bits are quicker, and round; int8: CPU.")
    ] = "float32",
    as_json: Json = False,
) -> None:
    """Score a saved model in every language of a task."""
    from crosslift.evaluation.evaluate import evaluate as evaluate_model

    scored = evaluate_model(
        model, task=task, languages=codes(languages), split=split, data="lab" if lab else _data(data), output=output,
        max_length=max_length, generalized=generalized, pooling=pooling, search=search, precision=precision,
    )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(scored, indent=2))
    else:
        from crosslift.cli.show import print_scores

        print_scores(scored)


@app.command(epilog="Example: crosslift predict runs/demo/aligned/seed-0/model pairs.csv --text premise,hypothesis")
def predict(
    model: Annotated[str, typer.Argument(help="Directory or hub id of a checkpoint with a task head.")],
    source: Annotated[Path, typer.Argument(metavar="INPUT", help=".jsonl, .csv or .tsv with a header.")],
    output: Annotated[
        Path | None,
        typer.Option(help="File to write, in the form of its ending.", show_default="standard output"),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(help="Column(s) to read, comma-separated.", show_default="text, or premise,hypothesis ..."),
    ] = None,
) -> None:
    """Label a file: adds the columns `prediction` and `probability`."""
    from crosslift.evaluation.predict_file import predict_file

    columns = tuple(text.split(",")) if text else None
    written = predict_file(model, source, output=output, columns=columns)
    if output is not None:
        typer.echo(f"{written} rows written to {output}", err=True)


@app.command("word-align", epilog="Example: crosslift word-align bitext/de.tsv --save en-de.npz --output de.links")
def word_align(
    source: Annotated[
        Path,
        typer.Argument(metavar="INPUT", help="`source<TAB>target` or `source ||| target` lines, TMX, or one side."),
    ],
    target: Annotated[Path | None, typer.Argument(help="The other side, where it is a file of its own.")] = None,
    output: Annotated[Path | None, typer.Option(help="File of links to write.", show_default="standard output")] = None,
    symmetrize: Annotated[
        str,
        typer.Option(help="grow-diag-final-and, -final, grow-diag, intersection, union, one-to-one, forward, reverse."),
    ] = "grow-diag-final-and",
    model_type: Annotated[Literal["hmm", "fast"], typer.Option(help="fast is the model of fast_align.")] = "hmm",
    iterations: Annotated[int, typer.Option(min=1, help="Passes over the text.")] = 5,
    model: Annotated[Path | None, typer.Option(help="Align with this saved model; nothing is learned.")] = None,
    save: Annotated[Path | None, typer.Option(help="File (.npz) to save the model to.")] = None,
    scores: Annotated[bool, typer.Option("--scores", help="Add a tab and the pair's score to each line.")] = False,
    tokenizer: Annotated[
        str | None, typer.Option(help="Align the pieces of this checkpoint's tokenizer.", show_default="words")
    ] = None,
    lexicon: Annotated[Path | None, typer.Option(help="`word translation` lines that are known to be right.")] = None,
    stem_length: Annotated[
        int | None,
        typer.Option(min=1, help="Cut words to so many letters, for little text.", show_default="whole words"),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(help="Fields of source and target, from 0, as in 2,3.", show_default="0,1; 2,3 of four"),
    ] = None,
    languages: Annotated[str | None, typer.Option(help="Codes of both sides, as in en,de; TMX needs them.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Links do not depend on it.", show_default="all")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the work, through Ray.")] = 1,
) -> None:
    """Link words that translate each other: one line of `i-j` links a pair, in the order of the input, from 0."""
    from crosslift.wordalign.files import Job, word_align_files

    settings = {} if stem_length is None else {"stem_length": stem_length}
    job = Job(
        source, target, output, symmetrize=symmetrize, model=model, save=save, scores=scores, tokenizer=tokenizer,
        lexicon=lexicon, columns=columns, languages=languages, threads=threads, workers=workers,
        settings={"model_type": model_type, "iterations": iterations, **settings},
    )  # fmt: skip
    typer.echo(word_align_files(job), err=True)


@app.command(epilog="Example: crosslift merge runs/a/seed-0/model runs/a/seed-1/model --output merged")
def merge(
    models: Annotated[list[str], typer.Argument(metavar="MODEL...", help="Directories or hub ids.")],
    output: Annotated[Path, typer.Option(help="Directory to make.")],
    how: Annotated[
        Literal["average", "task-arithmetic", "ties", "dare"], typer.Option(help="All but average need --base.")
    ] = "average",
    base: Annotated[
        str | None, typer.Option(help="Encoder or model that the models' training started from.", show_default="none")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="Comma-separated, a factor a model.", show_default="1 each")
    ] = None,
    density: Annotated[
        float | None, typer.Option(help="Share of changes that ties and dare keep.", show_default="0.2")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what dare drops.")] = 0,
) -> None:
    """Merge the weights of models of one family and one task into a checkpoint."""
    factors = None if weights is None else _numbers(weights)
    from crosslift.merging.merge import merge as merge_models

    typer.echo(merge_models(models, output, how=how, base=base, weights=factors, density=density, seed=seed))


@app.command(epilog="Example: crosslift compare runs/demo/unaligned runs/demo/aligned --format markdown")
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run directories, or folders of some.")],
    selection: Annotated[
        str | None,
        typer.Option(help="Checkpoint rule: source-dev, last, average, ...", show_default="the weights each run kept"),
    ] = None,
    generalized: Annotated[
        bool, typer.Option("--generalized", help="Compare pairs of languages, where runs scored them.")
    ] = False,
    form: Annotated[
        Literal["table", "csv", "markdown", "latex"], typer.Option("--format", help="What to print or write.")
    ] = "table",
    output: Annotated[
        Path | None, typer.Option(help="File to write; must not exist.", show_default="standard output")
    ] = None,
    draws: Annotated[int, typer.Option(min=100, help="Bootstrap samples of the test items.")] = 2000,
    seed: Annotated[int, typer.Option(help="Of those samples.")] = 0,
    as_json: Json = False,
) -> None:
    """Say which system is better: effect, interval and p-value over test items, languages and seeds.

    Runs of one recipe that differ only in seed are one system; the first system is the baseline.
    """
    if output is not None and output.exists():
        raise RunExistsError(f"{output} exists already and is never overwritten; choose another --output")
    if output is not None and form == "table" and not as_json:
        raise InputError(f"--output {output}: a table is for the terminal; expected --format csv, markdown or latex")
    from crosslift.comparison import compare as compare_runs

    found = compare_runs(runs, selection=selection, generalized=generalized, draws=draws, seed=seed)
    if form == "table" and not as_json:
        found.print()
        return
    text = json.dumps(found.values(), indent=2, ensure_ascii=False) + "\n" if as_json else getattr(found, form)()
    _write(text, output)


app.command(epilog="Example: crosslift study label-aware-xnli --scale lab --jobs 2")(study)


@app.command(epilog="Example: crosslift report runs/demo")
def report(
    directory: Annotated[Path, typer.Argument(help="A study, a run directory, or a folder of some.")],
    form: Annotated[Literal["html", "md"], typer.Option("--format", help="Page, or the same as Markdown.")] = "html",
    output: Annotated[
        Path | None, typer.Option(help="File to write.", show_default="DIRECTORY/report.html; md: standard output")
    ] = None,
) -> None:
    """Write one self-contained page about runs, or about a study."""
    from crosslift.report import find, is_study, markdown, study_markdown, write
    from crosslift.runs.write import write_text

    if form == "html":
        typer.echo(write(directory, output))
        return
    text = study_markdown(directory) if is_study(directory) else markdown(find(directory))
    if output is None:
        typer.echo(text)
    else:
        write_text(output, text)
        typer.echo(output)


@app.command("list", epilog="Example: crosslift list methods")
def list_names(
    what: Annotated[str, typer.Argument(help="tasks, methods, metrics, encoders or studies.")],
    as_json: Json = False,
) -> None:
    """List what recipes can name."""
    from crosslift.catalogue import listing
    from crosslift.cli.show import print_listing

    if as_json:
        typer.echo(json.dumps(listing(what), indent=2))
    else:
        print_listing(what)


@app.command(short_help="Explain one name: settings, defaults, source.", epilog="Example: crosslift describe tlm")
def describe(
    name: Annotated[str, typer.Argument(help="Name of a task, method, metric or encoder.")],
    as_json: Json = False,
) -> None:
    """Explain one name: what it is, its settings with defaults, its source."""
    from crosslift.catalogue import description
    from crosslift.cli.show import print_description

    if as_json:
        typer.echo(json.dumps(description(name), indent=2))
    else:
        print_description(name)


def _data(path: Path | None) -> Any:
    """Return a directory as it is, and what a recipe says of its data."""
    if path is None or path.suffix != ".toml":
        return path
    from crosslift import recipe as recipes

    return recipes.load(path).data


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--weights: '{text}' found; expected numbers separated by commas, as in 0.5,0.5") from error


def _write(text: str, output: Path | None) -> None:
    """Write a text to a file and print its name, or print the text."""
    from crosslift.runs.write import write_text

    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)
        typer.echo(output)


def _show(base: Path, directories: list[Path], *, as_json: bool) -> None:
    """Write the report and print what the runs found."""
    from rich.console import Console

    from crosslift.cli.show import print_warnings
    from crosslift.report import find, terminal, write

    page = write(base)
    runs = [json.loads((directory / "results.json").read_text(encoding="utf-8")) for directory in directories]
    if as_json:
        typer.echo(json.dumps({"schema": 1, "report": str(page), "runs": runs}, indent=2))
        return
    for table in terminal(find(base)):
        Console().print(table)
    print_warnings(list(dict.fromkeys(warning for run in runs for warning in run["warnings"])))
    typer.echo(f"Report: {page}")


def main() -> None:
    """Run the command line; wrong input ends with one paragraph and exit code 2, a failed run with 1."""
    show = "--traceback" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--traceback"]
    exit_with(lambda: app(arguments, prog_name="crosslift"), traceback=show)
