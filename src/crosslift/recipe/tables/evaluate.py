"""The `[[evaluate]]` table."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crosslift.recipe.tables.common import SmoothTable, Table
from crosslift.recipe.tables.finetune import TranslatorTable

Pooling = Literal["benchmark", "native", "pooler", "mean", "mean_no_special", "first"]
"""How tasks without a head make vectors: by the benchmark's rule, as the checkpoint's files say, or one by name."""


Search = Literal["auto", "exact", "faiss"]
"""How they look for neighbours: "auto" compares all pairs up to 100,000 sentences, or on an accelerator."""


class EvaluateTable(Table):
    """``[[evaluate]]``: score a task in many languages."""

    task: str = Field(description="name of a task: `crosslift list tasks`")
    languages: tuple[str, ...] | Literal["all"] = Field("all", description="languages to score")
    split: Literal["dev", "test"] = Field("test", description="part of the data to score")
    limit: int | None = Field(None, ge=1, description="examples a language, at most (the first ones)")
    generalized: bool = Field(
        False,
        description="also score every ordered pair of languages, the first text in one and the second in the other; "
        "for pairs of texts",
    )
    translate: TranslatorTable | None = Field(
        None, description="what translates the test sets into the source language before prediction (translate-test)"
    )
    smooth: SmoothTable | None = Field(None, description="predict by an average over random changes of the input")
    pooling: Pooling | None = Field(
        None,
        description="retrieval, mining and ranking: how texts become vectors; if not given, by the benchmark's rule; "
        '"native": as the checkpoint says',
    )
    search: Search | None = Field(
        None,
        description='retrieval and mining: how neighbours are looked for; if not given, "auto": exact up to 100,000 '
        "sentences or on an accelerator",
    )
