"""Commands that use a saved model: `crosslift evaluate` and `crosslift predict`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from crosslift.choices import Pooling, Precision, Search
from crosslift.cli.options import Json, parts
from crosslift.tables import format as fmt


def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="Checkpoint directory or hub id; embedding tasks need no task head, others do."
        ),
    ],
    task: Annotated[
        str,
        typer.Option(
            metavar="TASK", help="Task name (see `crosslift list tasks`), or all: every task that data and model allow."
        ),
    ],
    languages: Annotated[
        str | None,
        typer.Option(metavar="CODES", help="Comma-separated language codes.", show_default="all in the data"),
    ] = None,
    split: Annotated[Literal["dev", "test"], typer.Option(help="Split to score.")] = "test",
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Data directory in the layout of XTREME's download script, or a recipe with [data].",
            show_default="the hub",
        ),
    ] = None,
    lab: Annotated[bool, typer.Option("--lab", help="Use the lab's generated examples as data.")] = False,
    max_length: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=8,
            help="Maximum input length in tokens, for tasks with a head.",
            show_default="as in training",
        ),
    ] = None,
    generalized: Annotated[
        bool, typer.Option("--generalized", help="Also score every ordered pair of languages (sentence-pair tasks).")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="DIRECTORY", help="Directory for results.json and predictions.")
    ] = None,
    pooling: Annotated[
        Pooling,
        typer.Option(help="Pooling of text embeddings in retrieval, mining and ranking; native: as published."),
    ] = "benchmark",
    search: Annotated[
        Search,
        typer.Option(
            help="Nearest-neighbour search in retrieval and mining; auto: exact up to 100,000 sentences or on an "
            "accelerator, else faiss."
        ),
    ] = "auto",
    precision: Annotated[
        Precision,
        typer.Option(help="Lower precision is faster and less exact; int8 runs on CPU only."),
    ] = "float32",
    as_json: Json = False,
) -> None:
    """Score a saved model in every language of a task."""
    from crosslift.evaluation.evaluate import evaluate as evaluate_model

    scored = evaluate_model(
        model, task=task, languages=parts(languages), split=split, data="lab" if lab else _data(data), output=output,
        max_length=max_length, generalized=generalized, pooling=pooling, search=search, precision=precision,
    )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(scored, indent=2))
    else:
        from crosslift.cli.show import print_scores

        print_scores(scored)


def predict(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Checkpoint directory or hub id of a model with a task head.")
    ],
    source: Annotated[
        Path, typer.Argument(metavar="INPUT", help="CSV or TSV file with a header, or JSON Lines; may end in .gz.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File to write, in the format of its extension.", show_default="stdout"),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMNS",
            help="Comma-separated columns to read.",
            show_default="the usual ones: text; premise,hypothesis; ...",
        ),
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option(metavar="N", min=8, help="Maximum input length in tokens.", show_default="as in training"),
    ] = None,
) -> None:
    """Label a file: add the columns prediction and probability."""
    from crosslift.evaluation.predict_file import predict_file

    written = predict_file(model, source, output=output, columns=parts(text), max_length=max_length)
    if output is not None:
        typer.echo(f"{fmt.count(written)} rows written to {output}", err=True)


def _data(path: Path | None) -> Any:
    """Return the [data] of a recipe, or a directory unchanged."""
    if path is None or path.suffix != ".toml":
        return path
    from crosslift import recipe as recipes

    return recipes.load(path).data
