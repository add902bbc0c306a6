"""The `[[evaluate]]` table and its smoothing.  Imports no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crosslift.choices import Pooling, Search
from crosslift.recipe.tables.common import NamedTable, Table
from crosslift.recipe.tables.translate import TranslatorTable


class SmoothTable(NamedTable):
    """``[evaluate.smooth]``: average the predictions over random perturbations of the input (randomized smoothing).

    The settings of the method are those that it has in ``[[finetune.method]]``.
    Papers: Cohen et al. 2019, arXiv 1902.02918; Huang et al. 2021, arXiv 2104.08645.
    """

    use: Literal["random_perturbation", "synonym_smoothing"] = Field(
        description="perturb the embeddings (RS-RP), or the words (RS-DA)"
    )
    samples: int = Field(10, ge=0, description="perturbed inputs per example; 0 is plain prediction")
    combine: Literal["average", "majority"] = Field(
        "average", description="the class most likely on average, or most often; ties are decided by the average"
    )
    seed: int = Field(
        0, ge=0, description="seed of the perturbations, which depend on it and on the input, and on nothing else"
    )


class EvaluateTable(Table):
    """``[[evaluate]]``: score a task in many languages."""

    task: str = Field(description="name of a task: `crosslift list tasks`")
    languages: tuple[str, ...] | Literal["all"] = Field("all", description="languages to score")
    split: Literal["dev", "test"] = Field("test", description="split to score")
    limit: int | None = Field(
        None, ge=1, description="maximum number of examples per language; the first ones are scored"
    )
    generalized: bool = Field(
        False,
        description="also score every ordered pair of languages, with the first text in one and the second in the "
        "other; for pairs of texts",
    )
    translate: TranslatorTable | None = Field(
        None, description="translator of the test sets into the source language before prediction (translate-test)"
    )
    smooth: SmoothTable | None = Field(
        None, description="average the predictions over random perturbations of the input"
    )
    pooling: Pooling | None = Field(
        None,
        description="retrieval, mining and ranking: pooling of sentence vectors; if not given, the benchmark's rule; "
        '"native": as the checkpoint\'s files say',
    )
    search: Search | None = Field(
        None,
        description='retrieval and mining: search for nearest neighbours; if not given, "auto": exact up to 100,000 '
        "sentences or on an accelerator",
    )
