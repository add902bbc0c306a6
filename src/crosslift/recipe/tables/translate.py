"""The `[finetune.translate]` and `[evaluate.translate]` tables.  Imports no torch."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from crosslift.data.sources.settings import FileSettings
from crosslift.recipe.tables.common import Table


class TranslatorTable(Table):
    """A translator of a task's texts: the lab's own speakers, files of translations, or a translation model."""

    by: str = Field(
        description='"lab" (gold translations), "files", or a translation checkpoint (directory or hub id; M2M100, '
        "NLLB, T5 and mT5)"
    )
    files: FileSettings | None = Field(
        None,
        description='for "files": one file per language, with `{language}` in its path and the rows of the original',
    )
    noise: float = Field(
        0.0,
        ge=0,
        le=1,
        description="for the lab: fraction of the words that are dropped, replaced, or swapped with their neighbour",
    )
    revision: str | None = Field(None, description="for a checkpoint: hub revision (commit hash)")
    prefix: str = Field(
        "",
        description="for a checkpoint: text before each input; `{source}` and `{target}` are replaced by the names of "
        'the languages (T5: "translate {source} to {target}: ")',
    )
    beams: int = Field(1, ge=1, description="for a checkpoint: beam size; 1 is greedy search")
    max_length: int = Field(
        256, ge=8, description="for a checkpoint: maximum number of tokens of a text, and of its translation"
    )

    @model_validator(mode="after")
    def _settings_of_the_translator(self) -> Self:
        if (self.by == "files") != (self.files is not None):
            raise ValueError('`by = "files"` needs `files` (a path with {language}), and `files` needs `by = "files"`')
        if self.files is not None and "{language}" not in self.files.path:
            raise ValueError(f"files: '{self.files.path}' does not contain {{language}}, the place of the language")
        if self.noise and self.by != "lab":
            raise ValueError("`noise` is a setting of the lab's translations; other translators make their own errors")
        return self

    @property
    def checkpoint(self) -> str | None:
        """The translation checkpoint; None for the lab and files."""
        return None if self.by in ("lab", "files") else self.by


class TranslateTable(TranslatorTable):
    """``[finetune.translate]``: training data in other languages too (translate-train)."""

    languages: tuple[str, ...] | Literal["all"] = Field(
        "all", description='languages to train on besides the source; "all": every language with translations'
    )
    mix: Literal["one", "all", "view"] = Field(
        "all",
        description='"one": each example in one language, drawn with the seed, so that their number stays the same; '
        '"all": each example in every language; "view": each example in the source language, and the method '
        "`translated` reads a translation",
    )
    include_source: bool = Field(True, description="whether the source language is one of the languages")
