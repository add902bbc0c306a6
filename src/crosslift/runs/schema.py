"""The content of a run directory's files as validated values: the one schema that is written and read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

if TYPE_CHECKING:
    from pathlib import Path


SCHEMA = 1
"""The newest schema of ``results.json`` that this version reads."""


Number = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]
"""A number that may be missing: null becomes NaN, which is shown as a dash."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Score(_Model):
    """One task, language and metric under one checkpoint rule; `value` in percent over `items` examples."""

    task: str
    language: str
    metric: str
    value: Number
    items: int = 0
    selection: str


class Cell(_Model):
    """The score of one ordered pair of languages, in percent."""

    first: str
    second: str
    value: Number


class Grid(_Model):
    """The generalized setting: one task and metric over pairs of languages."""

    task: str
    metric: str
    selection: str
    cells: tuple[Cell, ...] = ()


class Agreement(_Model):
    """How far languages agree about translations: `agreement` in percent, the mean over pairs of languages.

    `items` counts the examples that all languages `compared` hold; runs of earlier versions do not name the latter.
    """

    task: str
    selection: str
    agreement: Number
    fleiss_kappa: Number = math.nan
    items: int | None = None
    compared: tuple[str, ...] = ()


class Summary(_Model):
    """A run's source and targets together, in percent; `targets` counts target languages."""

    task: str
    metric: str
    selection: str
    source: str
    source_value: Number
    target_mean: Number
    all_mean: Number = math.nan
    target_min: Number = math.nan
    target_min_language: str | None = None
    transfer_gap: Number
    targets: int


class Stage(_Model):
    """What one stage cost."""

    stage: str
    seconds: Number = math.nan
    tokens: int | None = None
    steps: int | None = None
    cached: bool = False


class Probe(_Model):
    """A measurement of the encoder after a stage."""

    stage: str
    language: str
    metric: str
    value: Number
    items: int | None = None


class Language(_Model):
    """What is known about a language."""

    name: str
    script: str = ""
    family: str = ""
    description: str = ""
    distance: Number = math.nan
    """From the source, 0 to 1, where it is known: in the lab."""


class Results(_Model):
    """``results.json``."""

    version: int = Field(alias="schema")
    recipe: str
    seed: int
    scores: tuple[Score, ...]
    summary: tuple[Summary, ...] = ()
    stages: tuple[Stage, ...] = ()
    probes: tuple[Probe, ...] = ()
    languages: dict[str, Language] = {}
    warnings: tuple[str, ...] = ()
    generalized: tuple[Grid, ...] = ()
    consistency: tuple[Agreement, ...] = ()
    evaluated: dict[str, Any] = {}
    """How a saved model was scored, where it was not its run that did so."""

    @property
    def tasks(self) -> set[str]:
        """What was scored."""
        return {score.task for score in self.scores}

    def joined(self, other: Results) -> Results | None:
        """Return what two calls of `crosslift evaluate` found of one model on other tasks; None if they did not."""
        same = ("recipe", "seed", "evaluated")
        if not self.evaluated or any(getattr(self, name) != getattr(other, name) for name in same):
            return None
        if self.tasks & other.tasks:
            return None
        together = ("scores", "summary", "probes", "warnings", "generalized", "consistency")
        update: dict[str, Any] = {name: getattr(self, name) + getattr(other, name) for name in together}
        return self.model_copy(update={**update, "languages": {**other.languages, **self.languages}})


class LogLine(_Model):
    """One line of ``log.jsonl``: terms of a training step, or scores on source development data."""

    stage: str
    step: int
    terms: dict[str, Number] = {}
    dev: dict[str, Number] = {}


@dataclass(frozen=True, slots=True)
class Run:
    """A run directory, read.  `recipe` is the text of ``recipe.toml`` and `settings` its values."""

    directory: Path
    results: Results
    log: tuple[LogLine, ...]
    recipe: str
    settings: dict[str, Any]
    environment: dict[str, Any]
    also: tuple[Path, ...] = ()
    """Other directories, in which `crosslift evaluate` scored the same model on other tasks."""

    @property
    def directories(self) -> tuple[Path, ...]:
        """All that hold something of it."""
        return (self.directory, *self.also)

    @property
    def embeddings(self) -> Path | None:
        """The file of sentence embeddings, if the run kept them."""
        path = self.directory / "embeddings.npz"
        return path if path.is_file() else None
