"""The `[[intermediate]]` table.  Imports no torch."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from crosslift.recipe.tables.common import StageTable, Table, TextTable
from crosslift.recipe.tables.finetune import FinetuneTable, Selection


class MaskedTable(Table):
    """``[intermediate.mlm]``: masked language modelling as an additional task of an intermediate stage."""

    text: TextTable = TextTable()
    alpha: float = Field(0.3, gt=0, le=1, description="languages are sampled by size ** alpha")
    batch_size: int = Field(8, ge=1, description="sentences per step")
    weight: float = Field(1.0, ge=0, description="factor of its loss")


class IntermediateTable(FinetuneTable, StageTable):
    """``[[intermediate]]``: train another task first, drop its head, and continue with the encoder.

    Several tables form a chain.  Paper: Phang et al. 2020, arXiv 2005.13013 (X-STILTs).
    """

    task: str | None = Field(  # type: ignore[assignment]
        None, description="name of a task: `crosslift list tasks`; give `task` or `tasks`"
    )
    tasks: tuple[str, ...] = Field(
        (),
        description="several tasks, each with its own head; each step draws one in proportion to its number of "
        "examples",
    )
    source: str | None = Field(None, description="language of the training data; each task's own by default")
    size_cap: int = Field(
        2**17, ge=1, description="with several tasks: a larger number of examples counts as this number"
    )
    mlm: MaskedTable | None = Field(
        None, description="masked language modelling on unpaired text, as an additional task"
    )
    selection: Selection = Field("source-dev", description="which weights the next stage starts from")

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if (self.task is None) == (not self.tasks):
            raise ValueError("give `task` or `tasks`")
        if self.oracle or self.head_from or self.adapter:
            raise ValueError(
                "`oracle`, `head_from` and `adapter` belong to [finetune]: an intermediate stage passes on an encoder"
            )
        if len(set(self.tasks)) < len(self.tasks):
            raise ValueError("`tasks` names a task twice")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its tasks."""
        return (self.task,) if self.task else self.tasks

    @property
    def several(self) -> bool:
        """Whether each step draws one of several tasks, masked language modelling included."""
        return len(self.names) > 1 or self.mlm is not None
