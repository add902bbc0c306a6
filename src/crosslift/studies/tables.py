"""The tables of a study: its question, its arms, and its hypotheses, which are stated before it is run.

Imports no torch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from crosslift.errors import unknown
from crosslift.recipe import Table
from crosslift.studies.rules import Rule

Name = Annotated[str, Field(pattern=r"^[\w.+-]+$")]


class Arm(Table):
    """`[[arm]]`: one system, as changes to the recipe that all arms share."""

    name: Name = Field(description="name in tables and folders")
    about: str = Field(description="description in one sentence")
    control: bool = Field(False, description="whether it rules out another explanation")
    without: tuple[str, ...] = Field((), description="stages of the shared recipe that the arm leaves out")
    times: float = Field(1.0, gt=0, description="factor of the fine-tuning steps")
    tasks: tuple[str, ...] | Literal["all"] = Field("all", description="tasks of the study that it runs on")
    recipe: dict[str, Any] = Field({}, description="tables that override the shared recipe")
    each: dict[str, Any] = Field({}, description="tables that override every item of a list, such as `intermediate`")


class Scale(Table):
    """`[scale.NAME]`: the encoder, data and sizes of a study's runs."""

    about: str = Field(description="encoder, data and sizes in one sentence")
    seeds: int = Field(ge=1, description="seeds per arm and task, from 0 on")
    base: Literal["lab"] | None = Field(None, description='base of `recipe`; "lab": that of the demo')
    recipe: dict[str, Any] = Field({}, description="recipe that all arms share")
    tasks: dict[str, dict[str, Any]] = Field(
        min_length=1, description="by task, a recipe that overrides the shared one"
    )
    values: dict[str, Any] = Field({}, description='values of "$name" in recipes at this scale')
    prepare: str | None = Field(None, description="preparation that makes files for recipes")
    arms: tuple[Name, ...] | Literal["all"] = Field("all", description="arms that run at this scale")
    device_hours: float = Field(0.0, ge=0, description="estimate for all runs, on one accelerator; 0: minutes on a CPU")
    limitations: tuple[str, ...] = Field((), description="limits of results at this scale")


class Hypothesis(Table):
    """`[[hypothesis]]`: a statement made before the results, and the rule that turns them into a verdict."""

    name: Name = Field(description="H1, H2, ..., or the number of a claim")
    statement: str = Field(description="the claim")
    source: str = Field("", description="source of the claim")
    published: dict[str, float] = Field({}, description="numbers reported for it, by name")
    rule: Rule


class Study(Table):
    """A research question, and everything that is fixed before it is answered."""

    title: str
    question: str
    background: str = Field("", description="what is known, and why these arms")
    baseline: Name = Field(description="arm that all others are compared with")
    arm: tuple[Arm, ...] = Field((), description="the systems compared")
    maps: tuple[Name, ...] = Field((), max_length=6, description="arms whose sentence vectors are drawn, for seed 0")
    hypothesis: tuple[Hypothesis, ...] = Field(min_length=1)
    scale: dict[str, Scale] = Field(min_length=1)
    references: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_that_exist(self) -> Self:
        mistakes = [*_twice(self), *_unknown_arms(self), *_unknown_tasks(self)]
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self

    @property
    def arms(self) -> dict[str, Arm]:
        """The arms by name."""
        return {arm.name: arm for arm in self.arm}

    def arms_at(self, scale: Scale) -> list[Arm]:
        """Return the arms that are run at a scale, in order."""
        return [arm for arm in self.arm if scale.arms == "all" or arm.name in scale.arms]


def _twice(study: Study) -> Iterator[str]:
    for noun, names in (("arm", [a.name for a in study.arm]), ("hypothesis", [h.name for h in study.hypothesis])):
        yield from (f"{noun} '{name}' occurs {count} times" for name, count in Counter(names).items() if count > 1)


def _unknown_arms(study: Study) -> Iterator[str]:
    used = [("baseline", study.baseline), *(("maps", arm) for arm in study.maps)]
    used += [
        (f"scale.{name}.arms", arm) for name, scale in study.scale.items() if scale.arms != "all" for arm in scale.arms
    ]
    used += [(f"hypothesis {one.name}", arm) for one in study.hypothesis for arm in one.rule.arms]
    yield from _unknown("arm", used, study.arms)


def _unknown_tasks(study: Study) -> Iterator[str]:
    known = {task for scale in study.scale.values() for task in scale.tasks}
    used = [(f"arm {arm.name}", task) for arm in study.arm if arm.tasks != "all" for task in arm.tasks]
    used += [(f"hypothesis {one.name}", task) for one in study.hypothesis for task in one.rule.tasks]
    yield from _unknown("task", used, known)


def _unknown(noun: str, used: Iterable[tuple[str, str]], known: Iterable[str]) -> Iterator[str]:
    names = list(known)
    for where, name in used:
        if name not in names:
            yield f"{where}: {unknown(noun, name, names)}"
