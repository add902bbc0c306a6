"""The whole recipe: every table, and the rules that hold between tables.  Imports no torch."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from crosslift.data.sources.settings import SourceSettings
from crosslift.recipe.tables.align import AlignTable
from crosslift.recipe.tables.common import Table
from crosslift.recipe.tables.dual_encoder import DualEncoderTable
from crosslift.recipe.tables.encoder import EncoderTable
from crosslift.recipe.tables.evaluate import EvaluateTable
from crosslift.recipe.tables.finetune import FinetuneTable
from crosslift.recipe.tables.intermediate import IntermediateTable
from crosslift.recipe.tables.language_adapters import LanguageAdaptersTable
from crosslift.recipe.tables.pretrain import PretrainTable


class Recipe(Table):
    """One experiment: an encoder, stages in order, and what is scored."""

    name: str = Field(pattern=r"^[\w.+-]+$", description="name of the system in tables")
    seed: int = Field(0, ge=0, description="seed of everything that is drawn at random")
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
    def _has_a_stage(self) -> Self:
        stages = (self.pretrain, self.align, self.intermediate, self.dual_encoder, self.finetune, self.evaluate)
        if not any(stages):
            raise ValueError(
                "a recipe needs a stage: [pretrain], [align], [[intermediate]], [dual_encoder], [finetune] or "
                "[[evaluate]]"
            )
        return self

    @model_validator(mode="after")
    def _language_adapters_need_a_task_adapter(self) -> Self:
        if self.language_adapters is None:
            return self
        adapter = self.finetune.adapter if self.finetune else None
        if self.finetune is None or adapter is None or adapter.kind != "bottleneck":
            raise ValueError(
                "language_adapters: a task adapter is trained on top of them; give [finetune.adapter] with "
                'kind = "bottleneck"'
            )
        if any(table.generalized for table in self.evaluate):
            raise ValueError(
                "evaluate.generalized: a pair of texts in two languages would need two language adapters in one pass; "
                "remove it or [language_adapters]"
            )
        if self.finetune.translate:
            raise ValueError(
                "finetune.translate: a batch would mix languages, but it is read with the adapter of one; remove it or "
                "[language_adapters]"
            )
        return self

    @model_validator(mode="after")
    def _one_way_of_scoring_a_task(self) -> Self:
        for index, table in enumerate(self.evaluate):
            earlier = [other for other in self.evaluate[:index] if other.task == table.task]
            if earlier and (table.translate or any(other.translate for other in earlier)):
                raise ValueError(
                    f"evaluate.{index}: '{table.task}' is scored by an earlier table, and one of the two translates "
                    "its test sets; translate-test needs its own run"
                )
            if earlier and (table.smooth or any(other.smooth for other in earlier)):
                raise ValueError(
                    f"evaluate.{index}: '{table.task}' is scored by an earlier table, and one of the two smooths its "
                    "predictions; smoothed scores need their own run, or `crosslift.evaluate`"
                )
            if any((table.pooling, table.search) != (other.pooling, other.search) for other in earlier):
                raise ValueError(
                    f"evaluate.{index}: '{table.task}' is scored by an earlier table with another `pooling` or "
                    "`search`; other vectors need their own run, or `crosslift.evaluate`"
                )
        return self
