"""The base tables of a recipe: training settings, cached stages, methods, and unpaired text.  Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Table(BaseModel):
    """Base of every recipe table: frozen, and an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainTable(Table):
    """Settings that every training stage shares."""

    steps: int | None = Field(None, ge=0, description="optimizer steps; give `steps` or `epochs`")
    epochs: float | None = Field(None, gt=0, description="passes over the data; 1 if `steps` is not given either")
    batch_size: int = Field(32, ge=1, description="examples per step and process")
    batch_tokens: int | None = Field(
        None, ge=16, description="tokens per step, padding included, instead of `batch_size` examples"
    )
    micro_batch_tokens: int | None = Field(
        None, ge=16, description="split each step into parts of at most this many tokens; exact, saves memory"
    )
    max_length: int = Field(128, ge=8, description="inputs are truncated to this many tokens")
    learning_rate: float = Field(5e-5, gt=0, description="peak learning rate of AdamW")
    warmup_fraction: float = Field(0.1, ge=0, le=1, description="fraction of the steps in which the rate rises")
    weight_decay: float = Field(0.0, ge=0, description="AdamW's decoupled weight decay; not on biases and norms")
    clip_norm: float | None = Field(1.0, gt=0, description="gradients are clipped to this norm")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="bfloat16 is autocast")
    save_seconds: float = Field(60.0, ge=0, description="seconds between saves of a resumable state; changes no result")

    @model_validator(mode="after")
    def _one_duration(self) -> Self:
        if self.steps is not None and self.epochs is not None:
            raise ValueError("give `steps` or `epochs`, not both")
        return self


class StageTable(TrainTable):
    """A stage before fine-tuning: trained once, then taken from the cache."""

    seed: int = Field(0, description="the stage's own seed, so that all seeds of a recipe share the stage")
    per_seed: bool = Field(False, description="train the stage anew for every seed of the recipe")

    def seed_for(self, recipe_seed: int) -> int:
        """Return the seed of the stage: its own, or a different one for each seed of the recipe."""
        return self.seed + 1000 * (recipe_seed + 1) if self.per_seed else self.seed


class NamedTable(BaseModel):
    """A name of a registry and its settings, which are checked against the fields of the class of that name."""

    model_config = ConfigDict(extra="allow", frozen=True)

    use: str = Field(description="name of the method: `crosslift list methods`")

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the named class."""
        return dict(self.model_extra or {})


class MethodTable(NamedTable):
    """A method and its settings."""

    weight: float = Field(1.0, ge=0, description="factor of the method's loss in the sum")


class TextTable(Table):
    """Unpaired text: a directory with one file per language, or the lab."""

    path: Path | None = Field(None, description="directory with {language}.txt; not needed in the lab")
    languages: tuple[str, ...] | Literal["all"] = Field("all", description="languages to read")
    limit: int | None = Field(None, ge=1, description="maximum number of sentences per language")
