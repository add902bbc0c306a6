"""The `[finetune]` table, its adapter and its input.  Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from crosslift.recipe.tables.common import MethodTable, Table, TrainTable
from crosslift.recipe.tables.translate import TranslateTable

Selection = Literal["source-dev", "last", "average", "target-dev"]
"""The rule for the final weights: best on source dev data, last, mean of the last checkpoints, or best on labelled
target dev data, which is not zero-shot."""


class AdapterTable(Table):
    """``[finetune.adapter]``: train a small adapter and the head, and freeze the encoder."""

    kind: Literal["lora", "bottleneck"] = Field(
        description="lora: low-rank updates of linear layers (arXiv 2106.09685), needs peft; bottleneck: a small "
        "network after the feed-forward block of each layer (arXiv 1902.00751, 2005.00247)"
    )
    rank: int = Field(8, ge=1, description="lora: rank r of each update")
    alpha: float = Field(16.0, gt=0, description="lora: updates are scaled by alpha / rank")
    dropout: float = Field(0.0, ge=0, lt=1, description="lora: dropout on the input of an update")
    modules: Literal["attention", "linear"] | tuple[str, ...] = Field(
        "attention",
        description='lora: linear layers that get an update: those of attention, all ("linear"), or names such as '
        '["query"]',
    )
    reduction: int = Field(
        16, ge=1, description="bottleneck: hidden size of the encoder divided by the width of the bottleneck"
    )

    @model_validator(mode="after")
    def _settings_of_its_kind(self) -> Self:
        of = {"lora": ("rank", "alpha", "dropout", "modules"), "bottleneck": ("reduction",)}
        other = "bottleneck" if self.kind == "lora" else "lora"
        for name in of[other]:
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"`{name}` is a setting of '{other}'; '{self.kind}' has {', '.join(of[self.kind])}")
        return self


class InputTable(Table):
    """``[finetune.input]``: the parts of an example that the model reads; saved with the model."""

    texts: Literal["both", "second"] = Field(
        "both",
        description='"second": only the second text of a pair, or only the choice of a multiple-choice example; a '
        "hypothesis-only baseline",
    )
    subwords: Literal["first", "all"] = Field(
        "first", description="tagging: the subwords of a word that are trained to predict its tag"
    )
    vote: Literal["first", "majority"] = Field(
        "first", description="tagging: the tag of a word is that of its first subword, or of most of its subwords"
    )


class FinetuneTable(TrainTable):
    """``[finetune]``: train a task on the source language."""

    task: str = Field(description="name of a task: `crosslift list tasks`")
    source: str | None = Field(None, description="language of the training data; the task's own by default")
    max_length: int | None = Field(  # type: ignore[assignment]  # the default depends on the task
        None,
        ge=8,
        description="inputs, or windows of a context, are truncated to this many tokens; 128 by default, 384 in "
        "question answering",
    )
    doc_stride: int = Field(
        128, ge=1, description="question answering: tokens from one window of a long context to the next"
    )
    method: tuple[MethodTable, ...] = (MethodTable(use="plain"),)
    epochs: float | None = Field(None, gt=0, description="passes over the data; 2 if `steps` is not given")
    train_limit: int | None = Field(None, ge=1, description="maximum number of training examples, drawn with the seed")
    dev_limit: int | None = Field(2_000, ge=1, description="maximum number of source dev examples")
    evaluations: int = Field(10, ge=1, description="source-dev evaluations, evenly spaced; each is a checkpoint")
    average_last: int = Field(5, ge=1, description="number of last checkpoints in the average")
    selection: Selection = Field(
        "source-dev",
        description="which weights become RUN/model; 'target-dev' is not zero-shot, and needs `oracle = true`",
    )
    adapter: AdapterTable | None = Field(
        None, description="train an adapter instead of the whole encoder; needs a higher `learning_rate`, 1e-4 to 1e-3"
    )
    head_from: Path | None = Field(
        None,
        description="directory of a task model whose head is used and frozen: models with the same head can be merged",
    )
    oracle: bool = Field(
        False,
        description="also score the checkpoint that is best on labelled dev data of the scored target languages, as "
        "rule 'target-dev'; an upper bound, not zero-shot",
    )
    translate: TranslateTable | None = Field(
        None, description="training data in other languages too; labels do not change"
    )
    input: InputTable = InputTable()

    @model_validator(mode="after")
    def _target_dev_needs_oracle(self) -> Self:
        if self.selection == "target-dev" and not self.oracle:
            raise ValueError("selection = 'target-dev' uses labels of the target languages; set `oracle = true` too")
        return self
