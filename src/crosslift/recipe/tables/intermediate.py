"""The `[[intermediate]]` table."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from crosslift.recipe.tables.common import Table, TextTable
from crosslift.recipe.tables.finetune import FinetuneTable, Selection


class MaskedTable(Table):
    """``[intermediate.mlm]``: masked language modelling as one more task of an intermediate stage."""

    text: TextTable = TextTable()
    alpha: float = Field(0.3, gt=0, le=1, description="languages are sampled by size ** alpha")
    batch_size: int = Field(8, ge=1, description="sentences a step")
    weight: float = Field(1.0, ge=0, description="factor of its loss")


class IntermediateTable(FinetuneTable):
    """``[[intermediate]]``: train something else first; the encoder goes on from there, the head is dropped.

    Several tables are a chain.  Paper: Phang et al. 2020, arXiv 2005.13013 (X-STILTs).
    """

    task: str | None = Field(  # type: ignore[assignment]
        None, description="name of a task: `crosslift list tasks`; give `task` or `tasks`"
    )
    tasks: tuple[str, ...] = Field(
        (), description="several tasks, each with a head of its own; a step draws one, by its number of examples"
    )
    source: str | None = Field(None, description="language of the training data; each task's own by default")
    size_cap: int = Field(
        2**17, ge=1, description="with several tasks: one is drawn as if it had no more examples than this"
    )
    mlm: MaskedTable | None = Field(None, description="masked language modelling on unpaired text, as one more task")
    selection: Selection = Field("source-dev", description="which weights go on to the next stage")
    seed: int = Field(0, description="own seed, so that all seeds of a recipe share the stage")
    per_seed: bool = Field(False, description="train anew for every seed of the recipe")

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if (self.task is None) == (not self.tasks):
            raise ValueError("give `task` or `tasks`")
        if self.oracle or self.head_from or self.adapter:
            raise ValueError(
                "`oracle`, `head_from` and `adapter` belong to [finetune]: an intermediate stage hands on an encoder"
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
        """Whether a step draws one of several tasks."""
        return len(self.names) > 1 or self.mlm is not None
