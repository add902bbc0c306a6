"""What a recipe says about its data.  Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crosslift.tasks._task import Split


class FileSettings(BaseModel):
    """A user's own file for one split; a bare path will do where the columns have the task's names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    """Below the source's `path`, or absolute; `{language}` stands for the language."""
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
