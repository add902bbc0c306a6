"""Writing of a run directory: `NAME.unfinished` at first, renamed when it is complete.

::

    recipe.toml         every default spelled out; running it reproduces the run
    environment.json    versions, machine, command, data origins
    log.jsonl           one line per logged step
    model/              transformers checkpoint, and its card
    predictions/        {task}/{language}.jsonl, one record per example, from the weights in model/
                        {task}.generalized/{first}-{second}.jsonl, if pairs of languages are scored
    predictions.RULE/   the same from the weights of another selection rule
    embeddings.npz      sentence vectors of translations, for the report's map
    results.json        scores, summary, stages, probes: see `crosslift.runs.schema`

Imports no torch.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from crosslift.errors import RunExistsError
from crosslift.runs.schema import SCHEMA, WRITING, Results
from crosslift.version import __version__

NOT_LEARNED = "the task was not learned"
"""Words of the warning in results.json about a run at chance in the source language."""
PACKAGES = ("accelerate", "datasets", "numpy", "tokenizers", "torch", "transformers")


@dataclass(frozen=True)
class JsonLines:
    """An append-only log; a resumed run cuts it back to its last saved state."""

    path: Path

    def append(self, line: Mapping[str, Any]) -> None:
        """Add one line and flush it."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def offset(self) -> int:
        """Return the size in bytes."""
        return self.path.stat().st_size if self.path.exists() else 0

    def truncate(self, offset: int) -> None:
        """Drop everything after the first `offset` bytes."""
        with self.path.open("ab") as file:
            file.truncate(offset)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if self.path.exists():
            with self.path.open(encoding="utf-8") as file:
                yield from map(json.loads, file)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, waiting for it, so that two processes never write the same output."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def claim(output: Path, recipe: str, *, resume: bool) -> Path | None:
    """Return the directory to work in until the run is complete, or None if it is and `resume` is set.

    Args:
        output: the run directory to make.
        recipe: the resolved recipe; a run is resumed only with the recipe that it was started with.
        resume: continue an unfinished run.

    Raises:
        RunExistsError: a run exists there, finished or not, and `resume` is not set or the recipe is different.
    """
    unfinished = output.with_name(output.name + ".unfinished")
    for directory in (output, unfinished):
        if resume and not _started_with(directory, recipe):
            raise RunExistsError(
                f"{directory} was started with a different recipe (compare its recipe.toml), so it cannot be resumed "
                "with this one; choose another --output, or remove it first"
            )
    if output.exists():
        if resume and (output / "results.json").exists():
            return None
        raise RunExistsError(
            f"{output} exists already and is never overwritten; choose another --output, or remove it first"
        )
    if unfinished.exists() and not resume:
        raise RunExistsError(
            f"{unfinished} holds an unfinished run; continue it with --resume, or remove it to start anew"
        )
    unfinished.mkdir(parents=True, exist_ok=True)
    return unfinished


def _started_with(directory: Path, recipe: str) -> bool:
    stored = directory / "recipe.toml"
    return not stored.exists() or stored.read_text(encoding="utf-8") == recipe


def finish(unfinished: Path, output: Path) -> None:
    """Give a finished run its name."""
    unfinished.rename(output)


def write_json(path: Path, value: Any) -> None:
    """Write JSON; a reader never sees half of the file."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write text to a new file and rename it; a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".unfinished")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def write_records(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write one record per line."""
    write_text(path, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))


def environment(data: Mapping[str, Any], device: str, threads: int | None = None) -> dict[str, Any]:
    """Return everything but the recipe that the numbers of a run may depend on."""
    return {
        "crosslift": __version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "machine": platform.machine(),
        "processor": processor(),
        "processors": os.cpu_count(),
        "threads": threads,
        "device": device,
        "command": sys.argv,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": data,
    }


def processor(facts: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's name with its family, model and stepping: processors of one name may round differently."""
    if not facts.is_file():
        return platform.processor()
    lines = (line.partition(":") for line in facts.read_text(encoding="utf-8").splitlines())
    known = {key.strip(): value.strip() for key, _, value in lines}
    numbers = [f"{key} {known[key]}" for key in ("cpu family", "model", "stepping") if key in known]
    return ", ".join([known.get("model name") or platform.processor(), *numbers])


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def results(
    recipe: str,
    seed: int,
    *,
    scores: Sequence[Mapping[str, Any]],
    summary: Sequence[Mapping[str, Any]],
    stages: Sequence[Mapping[str, Any]],
    probes: Sequence[Mapping[str, Any]],
    languages: Mapping[str, Mapping[str, Any]],
    warnings: Sequence[str],
    generalized: Sequence[Mapping[str, Any]] = (),
    consistency: Sequence[Mapping[str, Any]] = (),
    groups: Sequence[Mapping[str, Any]] = (),
    **of_evaluate: Any,
) -> dict[str, Any]:
    """Return the content of results.json, checked against its schema; values are in percent.

    Args:
        recipe: the name of the recipe, or of the model.
        seed: the seed of the run.
        scores: one row per task, language, metric and selection rule.
        summary: averages over languages.
        stages: cost of each stage.
        probes: measurements of the encoder after each stage.
        languages: facts by language code.
        warnings: warnings about how to read the scores.
        generalized: scores of pairs of languages.
        consistency: agreement between languages.
        groups: means over languages of one family, script or resource level.
        **of_evaluate: fields that only `crosslift evaluate` writes: `evaluated`, `skipped`, `benchmark`.

    Raises:
        ValidationError: a field that the schema does not name, or a value of another type.
    """
    content = {
        "schema": SCHEMA,
        "recipe": recipe,
        "seed": seed,
        "scores": list(scores),
        "summary": list(summary),
        "stages": list(stages),
        "probes": list(probes),
        "languages": dict(languages),
        "warnings": list(warnings),
        "generalized": list(generalized),
        "consistency": list(consistency),
        "groups": list(groups),
        **of_evaluate,
    }
    return Results.model_validate(content, context=WRITING).model_dump(mode="json", by_alias=True, exclude_unset=True)


def remove(directory: Path) -> None:
    """Remove a working directory, if it exists."""
    if directory.exists():
        shutil.rmtree(directory)
