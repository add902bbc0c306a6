"""What an aligner is told.  Imports no numba."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

ModelType = Literal["hmm", "fast"]
Symmetrization = Literal[
    "grow-diag-final-and", "grow-diag-final", "grow-diag", "intersection", "union", "one-to-one", "forward", "reverse"
]
"""How two directions become one; see `symmetrize`."""


class AlignerSettings(BaseModel):
    """Settings of a word aligner; each changes its links."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_type: ModelType = Field("hmm", description="hmm, or fast: the model of fast_align")
    iterations: int = Field(5, ge=1, description="passes over the text, the one that aligns it included")
    warm_up: int = Field(2, ge=1, description="passes of the fast model before those of the hmm")
    agreement: bool = Field(True, description="hmm: train both directions on links that both believe in")
    null_probability: float = Field(0.08, gt=0, lt=1, description="that a word has no link")
    alpha: float | None = Field(
        None, ge=0, description="pseudo-count of a word pair: 0.01 (fast), 0.1 (hmm); 0 is maximum likelihood"
    )
    prefix_length: int = Field(
        4, ge=0, description="hmm: words that share so many first letters help each other; 0: none do"
    )
    stem_weight: float = Field(5.0, ge=0, description="hmm: pseudo-counts of what a word's stem is translated by")
    spelling_weight: float = Field(
        3.0, ge=0, description="hmm: pseudo-count of a word and its like in the other language"
    )
    lexicon_weight: float = Field(5.0, ge=0, description="pseudo-count of a word pair of the lexicon")
    case_fold: bool = Field(True, description="take Haus and haus for one word")
    strip_punctuation: bool = Field(True, description="take `house,` and house for one word")
    stem_length: int | None = Field(None, ge=1, description="cut every word to so many letters, for little text")
    max_length: int = Field(500, ge=1, description="pairs with more units on a side get no links, and are counted")

    @property
    def pseudo_count(self) -> float:
        """The pseudo-count of a word pair of which nothing is known."""
        if self.alpha is not None:
            return self.alpha
        return FAST_ALPHA if self.model_type == "fast" else 0.1


FAST_ALPHA = 0.01
"""The pseudo-count of the fast model, as published."""
