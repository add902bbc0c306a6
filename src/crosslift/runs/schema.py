"""The schema of results.json, by which it is written and read, and that of a line of log.jsonl."""

from __future__ import annotations

import math
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationInfo, model_validator

SCHEMA: Final = 1
"""The schema that is written, and the newest one that is read."""
WRITING: Final = "writing"
"""Validation context in which a field that the schema does not name is an error; a reader ignores it."""

Number = Annotated[
    float,
    BeforeValidator(lambda value: math.nan if value is None else value),
    PlainSerializer(lambda value: None if math.isnan(value) else value),
]
"""A number that may be missing: null in the file, NaN in memory."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _only_fields(cls, values: Any, info: ValidationInfo) -> Any:
        if info.context == WRITING:
            known = {field.alias or name for name, field in cls.model_fields.items()}
            if unknown := sorted(set(values) - known):
                raise ValueError(f"{cls.__name__} has no field {', '.join(unknown)}; add it to {__name__}")
        return values


class Score(_Model):
    """One task, language and metric under one selection rule; `value` in percent over `items` examples."""

    task: str
    language: str
    metric: str
    value: Number
    items: int = 0
    selection: str
    calibration_error: Number = math.nan


class Cell(_Model):
    """The score of one ordered pair of languages, in percent."""

    first: str
    second: str
    value: Number
    items: int = 0


class Grid(_Model):
    """The generalized setting: one task and metric over ordered pairs of languages, with its averages.

    `macro` is the mean over pairs, `micro` the mean over examples, `diagonal` the standard setting.
    """

    task: str
    metric: str
    selection: str
    macro: Number = math.nan
    micro: Number = math.nan
    diagonal: Number = math.nan
    off_diagonal: Number = math.nan
    pairs: int = 0
    cells: tuple[Cell, ...] = ()


class SourceAgreement(_Model):
    """Agreement of one target language with the source, in percent, and Cohen's kappa."""

    language: str
    agreement: Number
    kappa: Number
    agreement_given_correct: Number


class Agreement(_Model):
    """Agreement of predictions for translations: `agreement` in percent, the mean over pairs of languages.

    `items` counts the examples that all languages `compared` have; earlier versions did not write the latter.
    """

    task: str
    selection: str
    items: int | None = None
    compared: tuple[str, ...] = ()
    agreement: Number
    fleiss_kappa: Number = math.nan
    source: str = ""
    languages: tuple[SourceAgreement, ...] = ()


class Summary(_Model):
    """Averages over languages of one task, metric and selection rule, in percent; `targets` counts target languages."""

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


class Group(_Model):
    """The mean over target languages of one family, one script or one resource level, in percent."""

    task: str
    metric: str
    selection: str
    grouping: str
    group: str
    value: Number
    languages: tuple[str, ...]


class Baselines(_Model):
    """Scores on source development data without training, in percent."""

    commonest_label: Number
    second_text: Number


class Stage(_Model):
    """The cost of one stage, and its training data if that was translated or is of several tasks.

    `languages` counts training examples by language, or by task and language.
    """

    stage: str
    seconds: Number = math.nan
    tokens: int | None = None
    steps: int | None = None
    tasks: tuple[str, ...] = ()
    languages: dict[str, int] | dict[str, dict[str, int]] = {}
    baselines: Baselines | None = None
    cached: bool = False


class Probe(_Model):
    """A measurement of the encoder after a stage."""

    stage: str
    language: str
    metric: str
    value: Number
    items: int | None = None


class Fertility(_Model):
    """How a tokenizer splits a language; `unknown` in percent of subwords."""

    subwords_per_word: Number = math.nan
    characters_per_subword: Number = math.nan
    unknown: Number = math.nan


class Language(_Model):
    """Facts about a language; `distance` is from the source, 0 to 1, and known in the lab only."""

    name: str
    script: str = ""
    family: str = ""
    resources: str = ""
    description: str = ""
    distance: Number = math.nan
    tokenizer: Fertility = Fertility()


class Evaluated(_Model):
    """The settings by which `crosslift evaluate` scored a saved model."""

    model: str
    precision: str = ""
    split: str = ""
    pooling: str = ""
    search: str = ""
    max_length: int | None = None
    smooth: dict[str, Any] | None = None


class Skipped(_Model):
    """A task that `crosslift evaluate --task all` did not score, with the reason."""

    task: str
    reason: str


class TaskMean(_Model):
    """The score of one task in a benchmark, in percent: mean over all languages, and over target languages."""

    all: Number
    targets: Number = math.nan


class Benchmark(_Model):
    """The mean over tasks as XTREME averages them, in percent."""

    all: Number
    targets: Number
    tasks: dict[str, TaskMean]


class Results(_Model):
    """Content of results.json; the last three are written by `crosslift evaluate`."""

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
    groups: tuple[Group, ...] = ()
    evaluated: Evaluated | None = None
    skipped: tuple[Skipped, ...] = ()
    benchmark: Benchmark | None = None

    @property
    def tasks(self) -> set[str]:
        """The tasks scored."""
        return {score.task for score in self.scores}

    def joined(self, other: Results) -> Results | None:
        """Return the results of two calls of `crosslift evaluate` for other tasks of one model; None for any others."""
        same = ("recipe", "seed", "evaluated")
        if self.evaluated is None or any(getattr(self, name) != getattr(other, name) for name in same):
            return None
        if self.tasks & other.tasks:
            return None
        lists = ("scores", "summary", "probes", "warnings", "generalized", "consistency")
        update: dict[str, Any] = {name: getattr(self, name) + getattr(other, name) for name in lists}
        return self.model_copy(update={**update, "languages": {**other.languages, **self.languages}})


class LogLine(_Model):
    """One line of log.jsonl: loss terms of a training step, or scores on source development data."""

    stage: str
    step: int
    terms: dict[str, Number] = {}
    dev: dict[str, Number] = {}
