"""The settings of the word aligner.  Imports no numba."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

ModelType = Literal["hmm", "fast"]
Symmetrization = Literal[
    "grow-diag-final-and", "grow-diag-final", "grow-diag", "intersection", "union", "one-to-one", "forward", "reverse"
]
"""Methods of combining two directions; see `symmetrize`."""


class AlignerSettings(BaseModel):
    """Settings of a word aligner; each affects its links."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_type: ModelType = Field("hmm", description="hmm, or fast: the model of fast_align")
    iterations: int = Field(5, ge=1, description="passes over the text, including the one that aligns it")
    warm_up: int = Field(2, ge=1, description="hmm: passes of the fast model before those of the hmm")
    agreement: bool = Field(True, description="hmm: train both directions on links that both predict")
    null_probability: float = Field(0.08, gt=0, lt=1, description="probability that a word has no link")
    alpha: float | None = Field(
        None, ge=0, description="pseudo-count of a word pair: 0.01 (fast), 0.1 (hmm); 0 is maximum likelihood"
    )
    prefix_length: int = Field(
        4, ge=0, description="hmm: words with this number of first letters in common share statistics; 0: none do"
    )
    stem_weight: float = Field(5.0, ge=0, description="hmm: pseudo-count of the translations of a word's stem")
    spelling_weight: float = Field(3.0, ge=0, description="hmm: pseudo-count of a word pair that is spelled alike")
    lexicon_weight: float = Field(5.0, ge=0, description="pseudo-count of a word pair of the lexicon")
    case_fold: bool = Field(True, description="treat Haus and haus as one word")
    strip_punctuation: bool = Field(True, description="treat `house,` and house as one word")
    stem_length: int | None = Field(
        None, ge=1, description="number of letters to which every word is cut, for small corpora"
    )
    max_length: int = Field(
        500, ge=1, description="maximum number of units per side; longer pairs get no links, and are counted"
    )

    @property
    def pseudo_count(self) -> float:
        """The pseudo-count of a word pair without other evidence."""
        if self.alpha is not None:
            return self.alpha
        return FAST_ALPHA if self.model_type == "fast" else 0.1


FAST_ALPHA = 0.01
"""The pseudo-count of the fast model, as published."""
