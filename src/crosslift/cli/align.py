"""The command `crosslift word-align`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from crosslift.wordalign.settings import ModelType, Symmetrization


def word_align(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="Sentence pairs: `source<TAB>target` or `source ||| target` lines, or TMX; or only the source side.",
        ),
    ],
    target: Annotated[
        Path | None, typer.Argument(metavar="TARGET", help="Target side, if it is a separate file.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File for the links.", show_default="stdout")
    ] = None,
    symmetrize: Annotated[
        Symmetrization,
        typer.Option(metavar="METHOD", help=f"How directions are combined: {', '.join(get_args(Symmetrization))}."),
    ] = "grow-diag-final-and",
    model_type: Annotated[ModelType, typer.Option(help="Alignment model; fast is that of fast_align.")] = "hmm",
    iterations: Annotated[int, typer.Option(metavar="N", min=1, help="Passes over the text.")] = 5,
    model: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Saved model to align with; nothing is trained.")
    ] = None,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="File (.npz) for the trained model.")] = None,
    scores: Annotated[bool, typer.Option("--scores", help="Add a tab and the pair's score to each line.")] = False,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="Align the subwords of this checkpoint's tokenizer.", show_default="align words"
        ),
    ] = None,
    lexicon: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Known translations, as `word translation` lines.")
    ] = None,
    stem_length: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Use only the first N letters of words, for little text.", show_default="all"
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="I,J",
            help="Fields of source and target, counted from 0.",
            show_default="0,1, or 2,3 of four fields",
        ),
    ] = None,
    languages: Annotated[
        str | None,
        typer.Option(metavar="CODES", help="Source and target language, as in en,de; required for TMX."),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="CPU threads; the links do not depend on it.", show_default="all"),
    ] = None,
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Ray processes that share the work.")] = 1,
) -> None:
    """Link words that translate each other.

    Writes one line of `i-j` links per sentence pair, in the order of the input, counted from 0.
    """
    from crosslift.wordalign.files import Job, word_align_files

    settings = {} if stem_length is None else {"stem_length": stem_length}
    job = Job(
        source, target, output, symmetrize=symmetrize, model=model, save=save, scores=scores, tokenizer=tokenizer,
        lexicon=lexicon, columns=columns, languages=languages, threads=threads, workers=workers,
        settings={"model_type": model_type, "iterations": iterations, **settings},
    )  # fmt: skip
    typer.echo(word_align_files(job), err=True)
