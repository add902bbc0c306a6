"""The whole recipe: all tables, and what must hold between them."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from crosslift.data.sources.settings import SourceSettings
from crosslift.recipe.tables.adapters import LanguageAdaptersTable
from crosslift.recipe.tables.align import AlignTable
from crosslift.recipe.tables.common import Table
from crosslift.recipe.tables.dual_encoder import DualEncoderTable
from crosslift.recipe.tables.evaluate import EvaluateTable
from crosslift.recipe.tables.finetune import FinetuneTable
from crosslift.recipe.tables.intermediate import IntermediateTable
from crosslift.recipe.tables.pretrain import EncoderTable, PretrainTable


class Recipe(Table):
    """One experiment: an encoder, stages in order, and what is scored."""

    name: str = Field(pattern=r"^[\w.+-]+$", description="names the system in tables")
    seed: int = Field(0, ge=0, description="of everything that is drawn at random")
    encoder: EncoderTable
    data: SourceSettings = SourceSettings(source="hub")
    pretrain: PretrainTable | None = None
    align: AlignTable | None = None
    intermediate: tuple[IntermediateTable, ...] = ()
    dual_encoder: DualEncoderTable | None = None
    language_adapters: LanguageAdaptersTable | None = None
    finetune: FinetuneTable | None = None
    evaluate: tuple[EvaluateTable, ...] = ()

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        stages = (self.pretrain, self.align, self.intermediate, self.dual_encoder, self.finetune, self.evaluate)
        if not any(stages):
            raise ValueError(
                "a recipe needs a stage: [pretrain], [align], [[intermediate]], [dual_encoder], [finetune] or "
                "[[evaluate]]"
            )
        return self

    @model_validator(mode="after")
    def _task_on_top_of_language(self) -> Self:
        if self.language_adapters is None:
            return self
        adapter = self.finetune.adapter if self.finetune else None
        if self.finetune is None or adapter is None or adapter.kind != "bottleneck":
            raise ValueError(
                "language_adapters: a task's adapter is trained on top of them; give [finetune.adapter] with "
                'kind = "bottleneck"'
            )
        if any(table.generalized for table in self.evaluate):
            raise ValueError(
                "evaluate.generalized: a text in one language and one in another would need two language adapters in "
                "one pass; remove it or [language_adapters]"
            )
        if self.finetune.translate:
            raise ValueError(
                "finetune.translate: a batch would mix languages, and it is read with the adapter of one; remove it or "
                "[language_adapters]"
            )
        return self

    @model_validator(mode="after")
    def _one_reading_of_a_task(self) -> Self:
        for index, table in enumerate(self.evaluate):
            earlier = [other for other in self.evaluate[:index] if other.task == table.task]
            if earlier and (table.translate or any(other.translate for other in earlier)):
                raise ValueError(
                    f"evaluate.{index}: '{table.task}' is scored by an earlier table, and one of the two translates "
                    "its test sets; scores of translate-test are a run of their own"
                )
            if earlier and (table.smooth or any(other.smooth for other in earlier)):
                raise ValueError(
                    f"evaluate.{index}: '{table.task}' is scored by an earlier table, and one of the two smooths its "
                    "predictions; smoothed scores are a run of their own, or of `crosslift.evaluate`"
                )
            if any((table.pooling, table.search) != (other.pooling, other.search) for other in earlier):
                raise ValueError(
                    f"evaluate.{index}: '{table.task}' is scored by an earlier table with other `pooling` or `search`; "
                    "other vectors are a run of their own, or of `crosslift.evaluate`"
                )
        return self
