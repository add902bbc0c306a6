"""The `[pretrain]` table.  Imports no torch."""

from __future__ import annotations

from pydantic import Field

from crosslift.recipe.tables.common import MethodTable, StageTable, TextTable


class PretrainTable(StageTable):
    """``[pretrain]``: masked language modelling on unpaired text, from scratch or continued."""

    text: TextTable = TextTable()
    objective: tuple[MethodTable, ...] = (MethodTable(use="mlm"),)
    temperature: float = Field(1.0, ge=1, description="languages are sampled by size ** (1 / temperature)")
