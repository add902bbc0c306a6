"""What a recipe says about its data.  Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crosslift.api.examples import Split
from crosslift.data.sources.user_task import CHOICE, UNLABELLED, USER_TASKS
from crosslift.errors import nearest


class FileSettings(BaseModel):
    """A user's own file for one split; a bare path will do where the columns have the task's names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    """Below the source's `path`, or absolute; `{language}` stands for the language."""
    task: str | None = None
    """The task whose split this is, where a recipe reads that split of several; None: of all tasks."""
    language: str | None = None
    """The language of the file, where its path does not say; None: the source language."""
    columns: dict[str, str] = Field(default_factory=dict)
    """The file's name of a column of the task, where it is another."""
    header: tuple[str, ...] | None = None
    """The names of the fields of a csv or tsv file without a line of names."""
    labels: dict[str, str] = Field(default_factory=dict)
    """The task's label for a label of the file, where it is another: `{ e = "entailment" }`."""

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: Any) -> Any:
        return {"path": str(value)} if isinstance(value, str | Path) else value


class TaskSettings(BaseModel):
    """``[[data.task]]``: a task of one's own, made of files with named columns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """What the rest of the recipe calls it; no name of a task that crosslift has."""
    task_type: Literal["sentence", "pair", "tagging", "multiple_choice", "extractive_qa", "retrieval"]
    """Its form: one text, two texts, words with tags, a choice, a question that words of a text answer, a text and its
    translation."""
    files: dict[Split, FileSettings] = Field(min_length=1)
    """A file for each split, as in `[data.files]`."""
    columns: dict[str, str] = Field(default_factory=dict)
    """The files' name of a column, where it is another: `text` and `label` of a sentence task; `first`, `second`,
    `label` of a pair; `words`, `tags`; `premise`, `question` (which may be lacking), `choice1`, `choice2` ..., `label`;
    `question`, `context`, `answers` and perhaps `start` of a span; `source`, `target`."""
    labels: tuple[str, ...] = ()
    """The labels in the order of the model's outputs, or what the choices are called, in their order; none: those of
    the training file, sorted."""
    source: str = "en"
    """The language of the training data."""
    metrics: tuple[str, ...] = ()
    """Names of metrics, the one averages are made of first; none: what suits the form."""
    parallel: bool = False
    """Whether row i of the test files says the same in every language."""

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


class SourceSettings(BaseModel):
    """Where a task's examples come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["hub", "directory", "lab", "files"]
    """The hub of data sets, a directory laid out as XTREME's, the lab, or `files` alone."""
    path: Path | None = None
    """The directory; for the hub, a folder of data sets saved with `save_to_disk` that is used instead."""
    revision: str | None = None
    """The hub's revision; None: the task's, or the newest."""
    seed: int = 0
    """The lab's world."""
    counts: dict[Split, int] = Field(default_factory=dict)
    """The lab's examples a split."""
    files: dict[Split, FileSettings] = Field(default_factory=dict)
    """Own files, which replace the source's for a split."""
    task: tuple[TaskSettings, ...] = ()
    """Tasks of one's own."""

    @model_validator(mode="before")
    @classmethod
    def _own_tasks_alone(cls, value: Any) -> Any:
        alone = isinstance(value, dict) and value.get("task") and "source" not in value
        return {**value, "source": "files"} if alone else value

    @model_validator(mode="after")
    def _different_names(self) -> Self:
        names = [task.name for task in self.task]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"task: two tasks are called '{twice}'")
        return self
