"""The result of a study, as `study.json` holds it: everything that its page shows.

Imports no torch.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from crosslift.errors import InputError
from crosslift.runs.read import read_model
from crosslift.runs.schema import Number

SCHEMA = 1
Verdict = Literal["confirmed", "refuted", "inconclusive", "recorded"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ArmResult(_Part):
    """An arm, and the cost of its runs (means over the runs that computed a stage)."""

    name: str
    about: str
    control: bool = False
    seconds: Number = math.nan
    """Time of all stages of a run on the first task, except pre-training, which all arms share."""
    steps: int | None = None
    tokens: int | None = None
    stages: tuple[dict[str, Any], ...] = ()
    """Rows of task, stage, seconds, steps, tokens."""


class Score(_Part):
    """A number of an arm on a task, with one value per seed; in percent, except probes and kappa.

    `kind` determines `over`: "language" (its code), "summary" ("target mean", "source", "transfer gap"), "pairs" (the
    mean of all ordered pairs), "off-diagonal" (of pairs of two languages), "agreement" (of pairs of languages),
    "fleiss_kappa" (of all languages), or "probe" (the stage that precedes it; the mean over languages).
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
    """The generalized setting of an arm: the mean over seeds of each ordered pair of languages, in percent."""

    arm: str
    task: str
    metric: str
    languages: tuple[str, ...]
    cells: tuple[tuple[Number, ...], ...]
    """Shape (languages, languages): language of the first text x language of the second."""


class Finding(_Part):
    """One difference behind a verdict, or one measured number."""

    text: str
    effect: Number = math.nan
    unit: str = "points"
    """"points" (percentage points), "places" (of a ranking), or "" for a measured number."""
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
    """The rule in words."""
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
    """A run that failed or is missing, or a warning of a run."""

    arm: str
    task: str
    seed: int
    kind: Literal["failed", "missing", "warning"]
    text: str


class Curve(_Part):
    """Source development score by fine-tuning step, as a mean over seeds."""

    arm: str
    task: str
    steps: tuple[int, ...]
    values: tuple[Number, ...]


class Map(_Part):
    """Sentence vectors of one run in two dimensions, (points, 2) by t-SNE and by PCA, and their silhouettes."""

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


class LanguageFact(_Part):
    """Facts about a language; `distance` is from the source, 0 to 1, and known in the lab only."""

    name: str
    script: str = ""
    family: str = ""
    description: str = ""
    distance: Number = math.nan
    resources: str = ""


class StudyResult(_Part):
    """Content of study.json."""

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
    """Rows of `compare --json` plus `generalized`: every arm against the baseline."""
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
    """The TOML of the study."""
    definition_hash: str = ""


FILE = "study.json"


def read(directory: Path) -> StudyResult:
    """Read the result of a study from its directory, or from study.json itself.

    Raises:
        InputError: it is missing, damaged, or of a newer schema.
    """
    path = directory / FILE if directory.is_dir() else directory
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected the directory of a study, which holds {FILE}")
    return read_model(path, StudyResult, schema=SCHEMA)
