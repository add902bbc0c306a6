"""The `[data]` table of a recipe.  Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crosslift.api import registry
from crosslift.api.examples import Split
from crosslift.api.records import RECORD_TYPE_OF
from crosslift.data.sources.user_task import CHOICE, UNLABELLED, USER_TASKS
from crosslift.errors import nearest


class FileSettings(BaseModel):
    """The user's file for one split; a bare path is enough if the columns have the task's names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    """Relative to the source's `path`, or absolute; `{language}` is replaced by the language."""
    task: str | None = None
    """The task that the file belongs to, if a recipe reads the split of several tasks; None: all tasks."""
    language: str | None = None
    """The language of the file, if its path does not contain it; None: the source language."""
    columns: dict[str, str] = Field(default_factory=dict)
    """The file's names of the task's columns, where they differ."""
    header: tuple[str, ...] | None = None
    """The names of the fields of a csv or tsv file without a header."""
    labels: dict[str, str] = Field(default_factory=dict)
    """The task's label for a label of the file, where it differs: `{ e = "entailment" }`."""

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: Any) -> Any:
        return {"path": str(value)} if isinstance(value, str | Path) else value


class TaskSettings(BaseModel):
    """``[[data.task]]``: your own task, read from files with named columns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """The name of the task in the rest of the recipe; not the name of a built-in task."""
    task_type: Literal["sentence", "pair", "tagging", "multiple_choice", "extractive_qa", "retrieval"]
    """The task type: one text, two texts, words with tags, a premise with choices, a question with an answer in a
    context, or a text and its translation."""
    files: dict[Split, FileSettings] = Field(min_length=1)
    """A file for each split, as in `[data.files]`."""
    columns: dict[str, str] = Field(default_factory=dict)
    """The files' names of the columns, where they differ: `text`, `label` (sentence); `first`, `second`, `label`
    (pair); `words`, `tags` (tagging); `premise`, optionally `question`, `choice1`, `choice2` ..., `label`
    (multiple_choice); `question`, `context`, `answers`, optionally `start` (extractive_qa); `source`, `target`
    (retrieval)."""
    labels: tuple[str, ...] = ()
    """The labels in the order of the model's outputs, or the names of the choices in their order; if empty, those of
    the training file, sorted."""
    source: str = "en"
    """The language of the training data."""
    metrics: tuple[str, ...] = ()
    """Names of metrics; averages use the first one; if empty, the usual ones of the task type."""
    parallel: bool = False
    """Whether row i of the test files is the same example in every language."""

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        known = USER_TASKS[self.task_type].columns
        for column in self.columns:
            if column not in known and not (self.task_type == "multiple_choice" and CHOICE.fullmatch(column)):
                hint = nearest(column, known)
                raise ValueError(
                    f"columns: a '{self.task_type}' task has no '{column}'{hint} (it has: {', '.join(known)})"
                )
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("labels: a label is named twice")
        if self.labels and self.task_type in UNLABELLED:
            raise ValueError(f"labels: a '{self.task_type}' task has none; remove the key")
        return self

    @model_validator(mode="after")
    def _fitting_metrics(self) -> Self:
        known = registry.entries("metric")
        for name in self.metrics:
            if name in known and not self._fits(name):
                fitting = ", ".join(filter(self._fits, known))
                raise ValueError(f"metrics: '{name}' cannot score a '{self.task_type}' task (available: {fitting})")
        return self

    def _fits(self, name: str) -> bool:
        metric = registry.load("metric", name)
        labelled = self.task_type not in UNLABELLED and self.task_type != "multiple_choice"
        fits: bool = metric.record_type == RECORD_TYPE_OF[self.task_type] and (labelled or not metric.needs_labels)
        return fits


class SourceSettings(BaseModel):
    """``[data]``: the source of the examples."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["hub", "directory", "lab", "files"]
    """The Hugging Face hub, a directory in XTREME's layout, the lab, or only `files`."""
    path: Path | None = None
    """The directory; for the hub, a folder of data sets saved with `save_to_disk`, used instead of the network."""
    revision: str | None = None
    """The revision on the hub; None: that of the task, or the newest."""
    seed: int = 0
    """The seed of the lab's world."""
    counts: dict[Split, int] = Field(default_factory=dict)
    """Number of examples of the lab by split."""
    files: dict[Split, FileSettings] = Field(default_factory=dict)
    """Your files, which replace those of the source for a split."""
    task: tuple[TaskSettings, ...] = ()
    """Your own tasks."""

    @model_validator(mode="before")
    @classmethod
    def _user_tasks_alone(cls, value: Any) -> Any:
        without_source = isinstance(value, dict) and value.get("task") and "source" not in value
        return {**value, "source": "files"} if without_source else value

    @model_validator(mode="after")
    def _different_names(self) -> Self:
        names = [task.name for task in self.task]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"task: two tasks have the name '{twice}'")
        return self
