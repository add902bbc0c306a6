"""Word alignment of files, as `crosslift word-align` does it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from uuid import uuid4

from crosslift.data.lexicon import Lexicon
from crosslift.data.pairs import read_pairs
from crosslift.errors import InputError, RecipeError, RunExistsError, StorageError

if TYPE_CHECKING:
    from crosslift.wordalign.aligner import Alignment, WordAligner


@dataclass(frozen=True)
class Job:
    """Input, settings and output of an alignment; see `crosslift word-align --help`."""

    source: Path
    target: Path | None = None
    output: Path | None = None
    symmetrize: str = "grow-diag-final-and"
    model: Path | None = None
    save: Path | None = None
    scores: bool = False
    tokenizer: str | None = None
    lexicon: Path | None = None
    columns: str | None = None
    languages: str | None = None
    threads: int | None = None
    workers: int = 1
    settings: dict[str, Any] = field(default_factory=dict)


def word_align_files(job: Job) -> str:
    """Align a file of pairs, and return a summary sentence.

    Raises:
        InputError: a file or a setting is wrong; nothing has been written.
        StorageError: a result cannot be written.
    """
    if importlib.util.find_spec("numba") is None:
        raise InputError("word alignment needs numba: pip install 'crosslift[wordalign]'")
    from crosslift.wordalign.symmetrization import checked

    checked(job.symmetrize)
    for path in (job.output, job.save):
        if path is not None and path.exists():
            raise RunExistsError(f"{path} exists already and is never overwritten; choose another file")
    if job.model is not None and job.save is not None:
        raise RecipeError("--save: a model loaded with --model learns nothing new; remove one of the two options")
    aligner = _aligner(job)
    pairs = _pairs(job)
    alignments = _loaded(aligner, pairs, job) if job.model else _learned(aligner, pairs, job)
    counted = [0, 0]
    with _opened(job.output) as file:
        for alignment in alignments:
            file.write(_line(alignment, scores=job.scores))
            counted[0] += 1
            counted[1] += not alignment.links
    where = f"; links in {job.output}" if job.output else ""
    long = f", {aligner.skipped:,} of them too long to align" if aligner.skipped else ""
    return f"{counted[0]:,} pairs, {counted[1]:,} without links{long}{where}"


def _loaded(aligner: WordAligner, pairs: Iterable[tuple[str, str]], job: Job) -> Iterator[Alignment]:
    return aligner.align_scored(pairs, symmetrize=job.symmetrize)  # type: ignore[arg-type]  # checked before


def _learned(aligner: WordAligner, pairs: Iterable[tuple[str, str]], job: Job) -> Iterator[Alignment]:
    alignments = aligner.fit_align(
        pairs,
        symmetrize=job.symmetrize,  # type: ignore[arg-type]  # checked before
        report=lambda done: print(  # noqa: T201  # progress, next to the links
            f"{done.model} {done.iteration}: log-likelihood per word {done.log_likelihood:.3f}", file=sys.stderr
        ),
    )
    if job.save is not None:
        aligner.save(job.save)
    return alignments


def _aligner(job: Job) -> WordAligner:
    from crosslift.wordalign.aligner import WordAligner

    tokenizer = _tokenizer(job.tokenizer) if job.tokenizer else None
    if job.model is not None:
        return WordAligner.load(job.model, tokenizer=tokenizer, threads=job.threads)
    entries = _entries(job.lexicon) if job.lexicon else ()
    return WordAligner(tokenizer=tokenizer, lexicon=entries, threads=job.threads, workers=job.workers, **job.settings)


def _tokenizer(name: str) -> Any:
    from crosslift.encoder.loading import load_tokenizer

    return load_tokenizer(name)


def _entries(path: Path) -> list[tuple[str, str]]:
    lexicon = Lexicon.read(path)
    (language,) = lexicon.languages
    return [(word, found) for word in lexicon.words for found in lexicon.translations(word, language)]


def _pairs(job: Job) -> Iterator[tuple[str, str]]:
    columns = _columns(job.columns) if job.columns else None
    codes = tuple((job.languages or "source,target").split(","))
    if len(codes) != 2:
        raise RecipeError(f"--languages: found '{job.languages}'; expected two codes, as in en,de")
    pairs = read_pairs(job.source, job.target, languages=(codes[0], codes[1]), columns=columns)
    return ((pair.source, pair.target) for pair in pairs)


def _columns(given: str) -> tuple[int, int]:
    try:
        source, target = (int(column) for column in given.split(","))
    except ValueError as error:
        raise RecipeError(f"--columns: found '{given}'; expected two numbers, as in 2,3") from error
    return source, target


def _line(alignment: Alignment, *, scores: bool) -> str:
    links = " ".join(f"{source}-{target}" for source, target in alignment.links)
    return f"{links}\t{alignment.score:.4f}\n" if scores else f"{links}\n"


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO]:
    """Yield the file to write to; a named one appears only when it is complete."""
    if path is None:
        yield sys.stdout
        return
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        draft.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error}") from error
    finally:
        with suppress(OSError):
            draft.unlink()
