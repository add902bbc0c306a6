"""The tables of adapters: a task's, and those of languages below it.  Imports no torch."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from crosslift.recipe.tables.common import MethodTable, Table, TextTable, TrainTable


class AdapterTable(Table):
    """``[finetune.adapter]``: a small part is trained with the head, and the encoder stays as it is."""

    kind: Literal["lora", "bottleneck"] = Field(
        description="lora: low-rank updates of linear layers (arXiv 2106.09685), needs peft; bottleneck: a small "
        "network behind each layer's feed-forward (arXiv 1902.00751, 2005.00247)"
    )
    rank: int = Field(8, ge=1, description="lora: rank r of each update")
    alpha: float = Field(16.0, gt=0, description="lora: updates are scaled by alpha / rank")
    dropout: float = Field(0.0, ge=0, lt=1, description="lora: on what an update reads")
    modules: Literal["attention", "linear"] | tuple[str, ...] = Field(
        "attention",
        description='lora: linear layers that get an update: of attention, all ("linear"), or names such as ["query"]',
    )
    reduction: int = Field(16, ge=1, description="bottleneck: how many times narrower it is than the encoder's states")

    @model_validator(mode="after")
    def _settings_of_its_kind(self) -> Self:
        of = {"lora": ("rank", "alpha", "dropout", "modules"), "bottleneck": ("reduction",)}
        other = "bottleneck" if self.kind == "lora" else "lora"
        for name in of[other]:
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"`{name}` is a setting of '{other}'; '{self.kind}' has {', '.join(of[self.kind])}")
        return self


class LanguageAdaptersTable(TrainTable):
    """``[language_adapters]``: a bottleneck adapter for each language, trained on its text beside a frozen encoder.

    The task's adapter is trained on top of the source language's, and each language is read with its own (MAD-X).
    Paper: Pfeiffer et al. 2020, arXiv 2005.00052.
    """

    text: TextTable = Field(TextTable(), description="unpaired text; each of its languages gets an adapter")
    objective: tuple[MethodTable, ...] = (MethodTable(use="mlm"),)
    learning_rate: float = Field(1e-4, gt=0, description="peak learning rate of AdamW")
    reduction: int = Field(2, ge=1, description="how many times narrower a bottleneck is than the encoder's states")
    invertible: bool = Field(
        False, description="whether each language also gets an invertible map of the word embeddings, as published"
    )
    fallback: str | None = Field(
        None,
        description='the language whose adapter reads languages without one, or "none" to read them with none; if not '
        "given, such a language is refused",
    )
    seed: int = Field(0, description="own seed, so that all seeds of a recipe share the stage")
    per_seed: bool = Field(False, description="train anew for every seed of the recipe")
