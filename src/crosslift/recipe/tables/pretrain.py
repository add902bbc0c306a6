"""The `[encoder]` and `[pretrain]` tables."""

from __future__ import annotations

from pydantic import Field

from crosslift.recipe.tables.common import MethodTable, Table, TextTable, TrainTable


class EncoderTable(Table):
    """``[encoder]``: where training starts."""

    model: str = Field(description='hub id, directory, "scratch:PRESET", or "lab"')
    revision: str | None = Field(None, description="hub revision (commit hash) of the checkpoint")
    vocabulary_size: int = Field(16_000, ge=100, description="pieces of the tokenizer, when it is trained from scratch")


class PretrainTable(TrainTable):
    """``[pretrain]``: masked language modelling on unpaired text, from scratch or continued."""

    text: TextTable = TextTable()
    objective: tuple[MethodTable, ...] = (MethodTable(use="mlm"),)
    temperature: float = Field(1.0, ge=1, description="languages are sampled by size ** (1 / temperature)")
    seed: int = Field(0, description="own seed, so that all seeds of a recipe share the stage")
    per_seed: bool = Field(False, description="train anew for every seed of the recipe")
