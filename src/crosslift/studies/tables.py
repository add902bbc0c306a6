"""The tables of a study: a question, what is compared to answer it, and what is expected before it is run.

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
    """``[[arm]]``: one system, as what it changes in the recipe that all arms share."""

    name: Name = Field(description="names the system in tables and folders")
    about: str = Field(description="what it is, in a sentence")
    control: bool = Field(False, description="whether it is there to rule out another explanation")
    without: tuple[str, ...] = Field((), description="stages of the shared recipe that this arm leaves out")
    times: float = Field(1.0, gt=0, description="fine-tuning takes so many times the steps")
    tasks: tuple[str, ...] | Literal["all"] = Field("all", description="tasks of the study that it is run on")
    recipe: dict[str, Any] = Field({}, description="tables laid over the shared recipe")
    each: dict[str, Any] = Field({}, description="tables laid over every item of a list, as of `intermediate`")


class Scale(Table):
    """``[scale.NAME]``: where and how large a study is run."""

    about: str = Field(description="encoder, data and sizes, in a sentence")
    seeds: int = Field(ge=1, description="runs of each arm and task, seeds 0, 1, ...")
    base: Literal["lab"] | None = Field(None, description='recipe that `recipe` is laid over; "lab": the demo\'s')
    recipe: dict[str, Any] = Field({}, description="what all arms share")
    tasks: dict[str, dict[str, Any]] = Field(min_length=1, description="a recipe laid over for each task's runs")
    values: dict[str, Any] = Field({}, description='what "$name" stands for in recipes at this scale')
    prepare: str | None = Field(None, description="what makes files that recipes need, and says where they are")
    arms: tuple[Name, ...] | Literal["all"] = Field("all", description="arms that are run at this scale")
    device_hours: float = Field(0.0, ge=0, description="estimate for all runs, on one accelerator; 0: minutes on a CPU")
    limitations: tuple[str, ...] = Field((), description="what results at this scale cannot say")


class Hypothesis(Table):
    """``[[hypothesis]]``: a statement made before the results, and the rule that turns them into a verdict."""

    name: Name = Field(description="H1, H2, ..., or the number of a claim")
    statement: str = Field(description="what is claimed")
    source: str = Field("", description="who claims it")
    published: dict[str, float] = Field({}, description="numbers reported for it, by what they are of")
    rule: Rule


class Study(Table):
    """A research question and everything that is fixed before it is answered."""

    title: str
    question: str
    background: str = Field("", description="what is known, and why the arms are those")
    baseline: Name = Field(description="arm that every other one is compared with")
    arm: tuple[Arm, ...] = Field((), description="what is compared")
    maps: tuple[Name, ...] = Field((), max_length=6, description="arms whose sentence vectors are drawn, seed 0")
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
        yield from (f"{noun} '{name}' is there {count} times" for name, count in Counter(names).items() if count > 1)


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
