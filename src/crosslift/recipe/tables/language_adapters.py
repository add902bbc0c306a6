"""The `[language_adapters]` table.  Imports no torch."""

from __future__ import annotations

from pydantic import Field

from crosslift.recipe.tables.common import MethodTable, StageTable, TextTable


class LanguageAdaptersTable(StageTable):
    """``[language_adapters]``: one bottleneck adapter per language, trained on its text in a frozen encoder (MAD-X).

    The task adapter is trained on top of the source language's adapter; each language is read with its own.
    Paper: Pfeiffer et al. 2020, arXiv 2005.00052.
    """

    text: TextTable = Field(TextTable(), description="unpaired text; each of its languages gets an adapter")
    objective: tuple[MethodTable, ...] = (MethodTable(use="mlm"),)
    learning_rate: float = Field(1e-4, gt=0, description="peak learning rate of AdamW")
    reduction: int = Field(2, ge=1, description="hidden size of the encoder divided by the width of the bottleneck")
    invertible: bool = Field(
        False, description="whether each language also gets an invertible adapter of the embeddings, as in the paper"
    )
    fallback: str | None = Field(
        None,
        description='language whose adapter reads the languages that have none, or "none" to read them without an '
        "adapter; if not given, such a language is an error",
    )
