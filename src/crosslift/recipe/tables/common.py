"""What the tables of a recipe have in common: the settings of training, methods, and text.  Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Table(BaseModel):
    """Base of every recipe table: frozen, and unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainTable(Table):
    """Settings that every training stage shares."""

    steps: int | None = Field(None, ge=0, description="optimizer steps; give `steps` or `epochs`")
    epochs: float | None = Field(None, gt=0, description="passes over the data; 1 if `steps` is not given either")
    batch_size: int = Field(32, ge=1, description="examples a step and process")
    batch_tokens: int | None = Field(
        None, ge=16, description="tokens a step, padding included, instead of `batch_size` examples"
    )
    micro_batch_tokens: int | None = Field(
        None, ge=16, description="a step is split into parts of at most so many tokens; exact, saves memory"
    )
    max_length: int = Field(128, ge=8, description="tokens an input is cut to")
    learning_rate: float = Field(5e-5, gt=0, description="peak learning rate of AdamW")
    warmup_fraction: float = Field(0.1, ge=0, le=1, description="share of steps with a rising rate")
    weight_decay: float = Field(0.0, ge=0, description="AdamW's decoupled weight decay; not on biases and norms")
    clip_norm: float | None = Field(1.0, gt=0, description="gradients are clipped to this norm")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="bfloat16 is autocast")
    save_seconds: float = Field(60.0, ge=0, description="a resumable state is saved so often; changes no result")

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.steps is not None and self.epochs is not None:
            raise ValueError("give `steps` or `epochs`, not both")
        return self


class NamedTable(BaseModel):
    """Something on a shelf and its settings; the settings are checked against its own fields."""

    model_config = ConfigDict(extra="allow", frozen=True)

    use: str = Field(description="name on the shelf: `crosslift list methods`")

    @property
    def settings(self) -> dict[str, Any]:
        """Its own settings."""
        return dict(self.model_extra or {})


class MethodTable(NamedTable):
    """One method and its settings."""

    weight: float = Field(1.0, ge=0, description="factor of the method's loss in the sum")


class SmoothTable(NamedTable):
    """``[evaluate.smooth]``: predictions are an average over random changes of the input (randomized smoothing).

    The settings of the method are those that it has in ``[[finetune.method]]``.
    Papers: Cohen et al. 2019, arXiv 1902.02918; Huang et al. 2021, arXiv 2104.08645.
    """

    use: Literal["random_perturbation", "synonym_smoothing"] = Field(
        description="what changes: the embeddings (RS-RP), or the words (RS-DA)"
    )
    samples: int = Field(10, ge=0, description="changed inputs of an example; 0 is plain prediction")
    combine: Literal["average", "majority"] = Field(
        "average", description="the most likely on average, or most often; ties go by the average"
    )
    seed: int = Field(0, ge=0, description="of the changes; they depend on it and on the input, and on nothing else")


class TextTable(Table):
    """Unpaired text: a directory of one file a language, or the lab."""

    path: Path | None = Field(None, description="directory with {language}.txt; the lab needs none")
    languages: tuple[str, ...] | Literal["all"] = Field("all", description="languages to read")
    limit: int | None = Field(None, ge=1, description="sentences a language, at most")
