"""The file of a trained aligner: numpy's npz without pickle, words as UTF-8."""

from __future__ import annotations

import json
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError, StorageError, nearest
from crosslift.wordalign.diagonal import Diagonal
from crosslift.wordalign.hmm import Jumps
from crosslift.wordalign.settings import AlignerSettings
from crosslift.wordalign.training import Trained

SCHEMA = 1
_DAMAGE = (OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, zipfile.BadZipFile)
"""Errors of reading a truncated file or one of another type; pydantic's errors are ValueErrors."""


@dataclass(frozen=True)
class Model:
    """The contents of a file: settings, trained model, lexicon, and the name of the units."""

    settings: AlignerSettings
    trained: Trained
    lexicon: list[tuple[str, str]]
    units: str


def write(path: Path, model: Model) -> None:
    """Write a model; the file appears only when it is complete.

    Raises:
        StorageError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{uuid4().hex}.npz")
    note = {
        "schema": SCHEMA,
        "settings": model.settings.model_dump(),
        "lexicon": model.lexicon,
        "units": model.units,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            np.savez(file, allow_pickle=False, **{"note": _bytes(note), **_arrays(model.trained)})
        draft.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error}") from error
    finally:
        with suppress(OSError):
            draft.unlink()


def read(path: Path) -> Model:
    """Return the model in a file.

    Raises:
        DataError: the file is missing, or is not a saved aligner.
    """
    if not path.is_file():
        there = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        raise DataError(f"{path}: no such file{nearest(path.name, there)}")
    try:
        with np.load(path, allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
        note = json.loads(held.pop("note").tobytes())
        if note["schema"] != SCHEMA:
            raise ValueError(f"it has schema {note['schema']}")
        settings = AlignerSettings(**note["settings"])
        lexicon = [(source, target) for source, target in note["lexicon"]]
        return Model(settings, _trained(held, settings), lexicon, note["units"])
    except _DAMAGE as error:
        raise DataError(f"{path}: expected a word aligner's model of schema {SCHEMA} ({error})") from error


def _arrays(trained: Trained) -> dict[str, NDArray[Any]]:
    distortion = trained.distortion
    where: dict[str, NDArray[Any]]
    if isinstance(distortion, Jumps):
        where = {"steps": distortion.steps, "starts": distortion.starts}
    else:
        assert isinstance(distortion, Diagonal)
        where = {"tensions": np.array(distortion.tensions)}
    sides: dict[str, NDArray[Any]] = {}
    for side, index in (("source", 0), ("target", 1)):
        sides[f"{side}_words"] = _bytes(list(trained.words[index]))
        sides[f"{side}_frequencies"] = trained.frequencies[index]
        sides[f"{side}_totals"] = trained.totals[index]
        sides[f"{side}_null"] = trained.nulls[index]
    return {"rows": trained.rows, "targets": trained.targets, "counts": trained.counts, **sides, **where}


def _trained(held: dict[str, NDArray[Any]], settings: AlignerSettings) -> Trained:
    def sides(name: str) -> tuple[Any, Any]:
        return held[f"source_{name}"], held[f"target_{name}"]

    source, target = map(_words, sides("words"))
    if settings.model_type == "hmm":
        distortion: Jumps | Diagonal = Jumps(held["steps"], held["starts"], settings.agreement)
    else:
        forward, reverse = held["tensions"].tolist()
        distortion = Diagonal((forward, reverse))
    return Trained(
        (source, target), sides("frequencies"), held["rows"], held["targets"], held["counts"], sides("totals"),
        sides("null"), distortion,
    )  # fmt: skip


def _bytes(value: Any) -> NDArray[np.uint8]:
    """Return a value as the bytes of its JSON."""
    return np.frombuffer(json.dumps(value, ensure_ascii=False).encode(), np.uint8)


def _words(text: NDArray[np.uint8]) -> list[str]:
    words: list[str] = json.loads(text.tobytes())
    return words
