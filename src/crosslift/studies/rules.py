"""Rules that turn a result into a verdict; they are stated before the result is known.

Confirmed: the 95% interval is on the claimed side.  Refuted: it is on the other side.  Otherwise the study is too small
to decide: inconclusive.  A statement of fact that no experiment decides is recorded, with a test which shows that
crosslift does as stated.  Imports no torch.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from crosslift.errors import nearest
from crosslift.recipe import Table

TARGETS, PAIRS, AGREEMENT = "targets", "pairs", "agreement"
"""Measures that are neither a language nor a probe: the mean over target languages, the mean over all ordered pairs of
languages, and the agreement of predictions for translations."""
PROBES = ("retrieval", "rank_distance", "embedding_consistency")
"""Measures of the embedding space after each stage."""
FINETUNE = "finetune"
"""The last stage."""
UNITS = {"rank_distance": "places"}
"""Units of probes that are not in percentage points."""


class Difference(Table):
    """The difference of two systems of a study: the score of `system` minus that of `over`."""

    system: str = Field(description="arm")
    over: str = Field(description="arm it is compared with")
    task: str | None = Field(None, description="the scale's first if not given")
    over_task: str | None = Field(None, description="task of the other arm, if it differs")
    of: str = Field(TARGETS, description='"targets", "pairs", "agreement", a language, or a probe: "retrieval", ...')
    stage: str = Field(FINETUNE, description="for probes: the stage that precedes them")
    metric: str | None = Field(None, description="the task's first if not given")
    direction: Literal["higher", "lower"] = Field("higher", description="claim about `system`")
    at_least: float = Field(0.0, ge=0, description="claimed size in points")
    source_at_least: float = Field(
        0.0, ge=0, description="source score that every run of both must reach for a decision"
    )

    @model_validator(mode="after")
    def _only_probes_have_a_stage(self) -> Self:
        if self.stage != FINETUNE and self.of not in PROBES:
            raise ValueError(
                f"stage = '{self.stage}' needs a probe, but of = '{self.of}' is not one{nearest(self.of, PROBES)} "
                f"(available: {', '.join(PROBES)}); other numbers are taken after {FINETUNE}"
            )
        return self

    @property
    def sign(self) -> int:
        """1 if a higher number is claimed, -1 if a lower one is."""
        return 1 if self.direction == "higher" else -1

    @property
    def unit(self) -> str:
        """The unit of the difference."""
        return UNITS.get(self.of, "points")


class _Compares(Table):
    difference: tuple[Difference, ...] = Field(min_length=1)

    @property
    def arms(self) -> list[str]:
        """The arms that it needs."""
        return [arm for one in self.difference for arm in (one.system, one.over)]

    @property
    def tasks(self) -> list[str]:
        """The tasks that it names."""
        return [task for one in self.difference for task in (one.task, one.over_task) if task]


class All(_Compares):
    """Every difference must be confirmed; one that is refuted refutes the claim."""

    use: Literal["all"]


class Some(_Compares):
    """At least `at_least` differences must be confirmed; the claim is refuted once they cannot be."""

    use: Literal["some"]
    at_least: int = Field(1, ge=1, description="differences that must be confirmed")


class Within(_Compares):
    """Every difference is between two numbers: an interval inside confirms the claim, one outside refutes it."""

    use: Literal["within"]
    low: float
    high: float

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low ({self.low}) is above high ({self.high})")
        return self


class Anywhere(_Compares):
    """In at least one language the difference is on the claimed side, with p adjusted over all languages (Holm)."""

    use: Literal["anywhere"]


class Measured(Table):
    """A measured number that needs no training: a file of `crosslift.studies.measurements`."""

    use: Literal["measured"]
    measurement: str
    value: str = Field(description="the number that decides")
    at_least: float = float("-inf")
    at_most: float = float("inf")
    arms: tuple[()] = ()
    tasks: tuple[()] = ()


class Recorded(Table):
    """A statement of fact or setting that no experiment decides: implemented as stated, as a test shows."""

    use: Literal["recorded"]
    test: str = Field(description="path::name of the test")
    arms: tuple[()] = ()
    tasks: tuple[()] = ()


class Undecided(Table):
    """A claim that this study cannot decide, with the reason; it stays inconclusive."""

    use: Literal["undecided"]
    reason: str
    arms: tuple[()] = ()
    tasks: tuple[()] = ()


Rule = Annotated[All | Some | Within | Anywhere | Measured | Recorded | Undecided, Field(discriminator="use")]
