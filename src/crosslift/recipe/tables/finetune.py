"""The `[finetune]` table, with what it translates and reads."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from crosslift.data.sources.settings import FileSettings
from crosslift.recipe.tables.adapters import AdapterTable
from crosslift.recipe.tables.common import MethodTable, Table, TrainTable

Selection = Literal["source-dev", "last", "average", "target-dev"]
"""The rule for the final weights: best on source development data, the last, the mean of the last checkpoints, or the
oracle's choice by labelled target development data, which is not zero-shot."""


class TranslatorTable(Table):
    """What translates a task's texts: the lab's own speakers, files of translations, or a translation model."""

    by: str = Field(
        description='"lab" (gold translations), "files", or a translation checkpoint (directory or hub id; M2M100, '
        "NLLB, T5 and mT5)"
    )
    files: FileSettings | None = Field(
        None, description='for "files": one a language, `{language}` in its path; its rows are those of the original'
    )
    noise: float = Field(
        0.0, ge=0, le=1, description="for the lab: share of words dropped, replaced or swapped with their neighbour"
    )
    revision: str | None = Field(None, description="for a checkpoint: hub revision (commit hash)")
    prefix: str = Field(
        "",
        description="for a checkpoint: put before each text; `{source}` and `{target}` stand for the languages' names "
        '(T5: "translate {source} to {target}: ")',
    )
    beams: int = Field(1, ge=1, description="for a checkpoint: beams of the search; 1 is greedy")
    max_length: int = Field(
        256, ge=8, description="for a checkpoint: tokens that a text, and its translation, may have"
    )

    @model_validator(mode="after")
    def _what_belongs_together(self) -> Self:
        if (self.by == "files") != (self.files is not None):
            raise ValueError('`by = "files"` and `files` (a path with {language}) go together')
        if self.files is not None and "{language}" not in self.files.path:
            raise ValueError(f"files: '{self.files.path}' has no {{language}}, which stands for the language")
        if self.noise and self.by != "lab":
            raise ValueError("`noise` is a dial of the lab's translations; other translators make their own mistakes")
        return self

    @property
    def checkpoint(self) -> str | None:
        """The translation checkpoint; None for the lab and files."""
        return None if self.by in ("lab", "files") else self.by


class TranslateTable(TranslatorTable):
    """``[finetune.translate]``: training data in other languages too (translate-train)."""

    languages: tuple[str, ...] | Literal["all"] = Field(
        "all", description='languages to train on beside the source; "all": every one that can be had'
    )
    mix: Literal["one", "all", "view"] = Field(
        "all",
        description='"one": each example in one language, drawn by the seed, so that there are as many as without; '
        '"all": each example in every language; "view": in the source language, and the method `translated` reads a '
        "translation",
    )
    include_source: bool = Field(True, description="whether the source language is one of the languages")


class InputTable(Table):
    """``[finetune.input]``: what of an example the model reads; it is saved with the model."""

    texts: Literal["both", "second"] = Field(
        "both",
        description='"second": of pairs the second text alone, of choices the choice alone; a baseline that shows what '
        "hypotheses give away",
    )
    subwords: Literal["first", "all"] = Field(
        "first", description="tagging: the pieces of a word that are trained to have its tag"
    )
    vote: Literal["first", "majority"] = Field(
        "first", description="tagging: a word has the tag of its first piece, or of most of its pieces"
    )


class FinetuneTable(TrainTable):
    """``[finetune]``: train a task on the source language."""

    task: str = Field(description="name of a task: `crosslift list tasks`")
    source: str | None = Field(None, description="language of the training data; the task's own by default")
    max_length: int | None = Field(  # type: ignore[assignment]  # what is usual depends on the task
        None,
        ge=8,
        description="tokens an input is cut to, or of a window of a context; 128, and 384 in question answering",
    )
    doc_stride: int = Field(
        128, ge=1, description="question answering: tokens from one window of a long context to the next"
    )
    method: tuple[MethodTable, ...] = (MethodTable(use="plain"),)
    epochs: float | None = Field(None, gt=0, description="passes over the data; 2 if `steps` is not given")
    train_limit: int | None = Field(None, ge=1, description="training examples, at most, drawn by the seed")
    dev_limit: int | None = Field(2_000, ge=1, description="source development examples, at most")
    evaluations: int = Field(10, ge=1, description="source-dev evaluations, evenly spaced; each is a checkpoint")
    average_last: int = Field(5, ge=1, description="checkpoints in the average")
    selection: Selection = Field(
        "source-dev", description="which weights become RUN/model; 'target-dev' is not zero-shot, and needs `oracle`"
    )
    adapter: AdapterTable | None = Field(
        None, description="what is trained instead of the whole encoder; wants a higher `learning_rate`, 1e-4 to 1e-3"
    )
    head_from: Path | None = Field(
        None,
        description="directory of a task model whose head is taken and frozen: runs under one head can be merged",
    )
    oracle: bool = Field(
        False,
        description="also score the checkpoint that is best on labelled dev data of the target languages scored, as "
        "rule 'target-dev'; an upper bound, not zero-shot",
    )
    translate: TranslateTable | None = Field(None, description="training data in other languages too; the labels stay")
    input: InputTable = InputTable()

    @model_validator(mode="after")
    def _no_oracle_unasked(self) -> Self:
        if self.selection == "target-dev" and not self.oracle:
            raise ValueError("selection = 'target-dev' reads labels of the target languages; say `oracle = true` too")
        return self
