"""Rules: how a result becomes a verdict, stated before the result is there.

Confirmed: the 95% interval lies on the side that is claimed.  Refuted: it lies on the other side.  Else the study was
too small to tell: inconclusive.  A statement of fact that no experiment decides is recorded, with the test that shows
that crosslift does as stated.  Imports no torch.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from crosslift.errors import nearest
from crosslift.recipe import Table

TARGETS, PAIRS, AGREEMENT = "targets", "pairs", "agreement"
"""What is measured, beside language codes and probes: the mean over target languages, the mean over all ordered pairs
of languages, and how often languages agree about translations."""
PROBES = ("retrieval", "rank_distance", "embedding_consistency")
"""What is measured of the space after each stage."""
FINETUNE = "finetune"
"""The last stage."""
UNITS = {"rank_distance": "places"}
"""What a probe counts, where it is not percentage points."""


class Difference(Table):
    """One system less another, both of one study: the score of `system` less that of `over`."""

    system: str = Field(description="arm")
    over: str = Field(description="arm it is compared with")
    task: str | None = Field(None, description="the scale's first if not given")
    over_task: str | None = Field(None, description="task of the other arm, where it is another one")
    of: str = Field(TARGETS, description='"targets", "pairs", "agreement", a language, or a probe: "retrieval", ...')
    stage: str = Field(FINETUNE, description="for probes: the stage that they were taken after")
    metric: str | None = Field(None, description="the task's first if not given")
    direction: Literal["higher", "lower"] = Field("higher", description="what is claimed of `system`")
    at_least: float = Field(0.0, ge=0, description="points by which it is claimed to differ")
    source_at_least: float = Field(
        0.0, ge=0, description="score in the source language that every run of both must reach, or nothing is decided"
    )

    @model_validator(mode="after")
    def _only_probes_have_a_stage(self) -> Self:
        if self.stage != FINETUNE and self.of not in PROBES:
            raise ValueError(
                f"stage = '{self.stage}' goes with a probe, and of = '{self.of}' is none{nearest(self.of, PROBES)} "
                f"(available: {', '.join(PROBES)}); other numbers are taken after {FINETUNE}"
            )
        return self

    @property
    def sign(self) -> int:
        """1 where a higher number is claimed, -1 where a lower one is."""
        return 1 if self.direction == "higher" else -1

    @property
    def unit(self) -> str:
        """What the difference counts."""
        return UNITS.get(self.of, "points")


class _Compares(Table):
    difference: tuple[Difference, ...] = Field(min_length=1)

    @property
    def arms(self) -> list[str]:
        """The arms it needs."""
        return [arm for one in self.difference for arm in (one.system, one.over)]

    @property
    def tasks(self) -> list[str]:
        """The tasks it names."""
        return [task for one in self.difference for task in (one.task, one.over_task) if task]


class All(_Compares):
    """Every difference must be confirmed; one that is refuted refutes it."""

    use: Literal["all"]


class Some(_Compares):
    """So many of the differences must be confirmed; refuted if so many no longer can be."""

    use: Literal["some"]
    at_least: int = Field(1, ge=1, description="differences that must be confirmed")


class Within(_Compares):
    """Every difference lies between two numbers: the whole interval inside confirms, wholly outside refutes."""

    use: Literal["within"]
    low: float
    high: float

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low ({self.low}) is above high ({self.high})")
        return self


class Anywhere(_Compares):
    """In at least one language the difference is on the side that is claimed, with p adjusted over all (Holm)."""

    use: Literal["anywhere"]


class Measured(Table):
    """A number that is computed, not trained: a file of `crosslift.studies.measurements`."""

    use: Literal["measured"]
    measurement: str
    value: str = Field(description="which of its numbers decides")
    at_least: float = float("-inf")
    at_most: float = float("inf")
    arms: tuple[()] = ()
    tasks: tuple[()] = ()


class Recorded(Table):
    """A statement of fact or setting that no experiment decides: implemented as stated, and a test shows it."""

    use: Literal["recorded"]
    test: str = Field(description="path::name of the test")
    arms: tuple[()] = ()
    tasks: tuple[()] = ()


class Undecided(Table):
    """What this study cannot decide, and why; it stays inconclusive."""

    use: Literal["undecided"]
    reason: str
    arms: tuple[()] = ()
    tasks: tuple[()] = ()


Rule = Annotated[All | Some | Within | Anywhere | Measured | Recorded | Undecided, Field(discriminator="use")]
