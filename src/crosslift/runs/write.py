"""The run directory: what one recipe and one seed left behind.  Written beside, renamed when whole.

::

    recipe.toml         every default spelled out; running it reproduces the run
    environment.json    versions, machine, command, data origins
    log.jsonl           a line a logged step
    model/              transformers checkpoint, and its card
    predictions/        {task}/{language}.jsonl, a record an example, by the weights in model/
                        {task}.generalized/{first}-{second}.jsonl, where pairs of languages are scored
    predictions.RULE/   the same by the weights of another selection rule
    embeddings.npz      sentence vectors of translations, for the report's map
    results.json        schema, scores, summary, stages

The report is written beside, by whoever asked for one.

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
from crosslift.version import __version__

SCHEMA = 1
NOT_LEARNED = "the task was not learned"
"""What a warning in results.json says of a run at chance in the source language."""
PACKAGES = ("accelerate", "datasets", "numpy", "tokenizers", "torch", "transformers")


@dataclass(frozen=True)
class JsonLines:
    """An append-only log; a resumed run cuts it back to where its state was saved."""

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
    """Return the directory to work in until the run is whole, or None if it is whole already and `resume` is set.

    Args:
        output: the run directory to be.
        recipe: the resolved recipe; a run is resumed with the recipe it was started with.
        resume: go on with what is there.

    Raises:
        RunExistsError: a whole run is there, or an unfinished one, and `resume` is not set or the recipe is another.
    """
    unfinished = output.with_name(output.name + ".unfinished")
    for directory in (output, unfinished):
        if resume and not _started_with(directory, recipe):
            raise RunExistsError(
                f"{directory} was started with another recipe (compare its recipe.toml), so it cannot be resumed with "
                "this one; choose another --output, or remove it first"
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
    """Give a whole run its name."""
    unfinished.rename(output)


def write_json(path: Path, value: Any) -> None:
    """Write JSON beside and rename, so that a reader never sees half of it."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write text beside and rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".unfinished")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_records(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write one record a line."""
    write_text(path, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))


def environment(data: Mapping[str, Any], device: str, threads: int | None = None) -> dict[str, Any]:
    """Return what the numbers of a run may depend on besides its recipe."""
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
    """Return the processor's name, with its numbers where Linux tells them: kinds that round otherwise share names."""
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
) -> dict[str, Any]:
    """Return the content of results.json; values are in percent."""
    return {
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
    }


def remove(directory: Path) -> None:
    """Remove a working directory of ours, if it is there."""
    if directory.exists():
        shutil.rmtree(directory)
