"""The `[encoder]` table.  Imports no torch."""

from __future__ import annotations

from pydantic import Field

from crosslift.recipe.tables.common import Table


class EncoderTable(Table):
    """``[encoder]``: the encoder that training starts from."""

    model: str = Field(description='hub id, directory, "scratch:PRESET", or "lab"')
    revision: str | None = Field(None, description="hub revision (commit hash) of the checkpoint")
    vocabulary_size: int = Field(
        16_000, ge=100, description="vocabulary size of the tokenizer, if it is trained from scratch"
    )
