"""What a study found, as `study.json` holds it: everything that its page shows.

Imports no torch.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from crosslift.errors import InputError
from crosslift.runs.read import read_model
from crosslift.runs.schema import Language, Number

SCHEMA = 1
Verdict = Literal["confirmed", "refuted", "inconclusive", "recorded"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ArmResult(_Part):
    """An arm: what it is, what ran, and what a run of it cost (means over the runs that computed a stage)."""

    name: str
    about: str
    control: bool = False
    seconds: Number = math.nan
    """Of all stages of a run of the first task, alignment included, pre-training that all share left out."""
    steps: int | None = None
    tokens: int | None = None
    stages: tuple[dict[str, Any], ...] = ()
    """stage, seconds, steps, tokens, task."""


class Score(_Part):
    """A number of an arm on a task: a value a seed, in percent but for probes.

    `kind` says what `over` is: "language" (its code), "summary" ("target mean", "source", "transfer gap"), "pairs" (the
    mean of all ordered pairs), "off-diagonal" (of pairs of two languages), "agreement" (of pairs of languages),
    "fleiss_kappa" (of all), or "probe" (`over` is the stage that it was taken after; the mean over languages).
    """

    arm: str
    task: str
    metric: str
    kind: str
    over: str
    seeds: tuple[int, ...]
    values: tuple[Number, ...]
    selection: str = ""


class Grid(_Part):
    """The generalized setting of an arm: mean over seeds of each ordered pair of languages, in percent."""

    arm: str
    task: str
    metric: str
    languages: tuple[str, ...]
    cells: tuple[tuple[Number, ...], ...]
    """(languages, languages): first text's language x second text's."""


class Finding(_Part):
    """One difference behind a verdict, or one number that was computed."""

    text: str
    effect: Number = math.nan
    unit: str = "points"
    """Percentage points, "places" of a ranking, or "" for a number that was computed."""
    low: Number = math.nan
    high: Number = math.nan
    p: Number = math.nan
    seeds: int = 0
    languages: int = 0
    agree: int = 0
    verdict: Verdict = "inconclusive"


class Judged(_Part):
    """A hypothesis and its verdict."""

    name: str
    statement: str
    source: str = ""
    rule: str
    """In words."""
    verdict: Verdict
    effect: Number = math.nan
    unit: str = "points"
    low: Number = math.nan
    high: Number = math.nan
    seeds: int = 0
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    published: dict[str, float] = {}
    test: str = ""


class Failure(_Part):
    """A run that is missing, or says nothing."""

    arm: str
    task: str
    seed: int
    kind: Literal["failed", "missing", "warning"]
    text: str


class Curve(_Part):
    """Source development score by fine-tuning step: mean over seeds."""

    arm: str
    task: str
    steps: tuple[int, ...]
    values: tuple[Number, ...]


class Map(_Part):
    """Sentence vectors of one run in the plane: t-SNE and PCA, each (points, 2), with silhouettes of the vectors."""

    arm: str
    stage: str
    seed: int
    languages: tuple[str, ...]
    meanings: tuple[str, ...]
    texts: tuple[str, ...] = ()
    tsne: tuple[tuple[float, float], ...]
    pca: tuple[tuple[float, float], ...]
    silhouette_meaning: Number = math.nan
    silhouette_language: Number = math.nan


class LanguageFact(Language):
    """What is known of a language, its resource level included."""

    resources: str = ""


class StudyResult(_Part):
    """``study.json``."""

    version: int = Field(alias="schema")
    study: str
    title: str
    question: str
    background: str = ""
    scale: str
    about: str
    baseline: str
    source: str = ""
    seeds: tuple[int, ...]
    tasks: tuple[str, ...] = ()
    arms: tuple[ArmResult, ...] = ()
    scores: tuple[Score, ...] = ()
    comparisons: tuple[dict[str, Any], ...] = ()
    """Rows of `compare --json`, with `generalized` beside: every arm against the baseline."""
    test: str = ""
    hypotheses: tuple[Judged, ...]
    grids: tuple[Grid, ...] = ()
    curves: tuple[Curve, ...] = ()
    maps: tuple[Map, ...] = ()
    languages: dict[str, LanguageFact] = {}
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    environment: dict[str, Any] = {}
    command: str = ""
    definition: str = ""
    """The study's TOML."""
    definition_hash: str = ""


FILE = "study.json"


def read(directory: Path) -> StudyResult:
    """Read the result of a study: a directory that holds `study.json`, or the file itself.

    Raises:
        InputError: it is missing, damaged, or of a newer schema.
    """
    path = directory / FILE if directory.is_dir() else directory
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected the directory of a study, which holds {FILE}")
    return read_model(path, StudyResult, schema=SCHEMA)
