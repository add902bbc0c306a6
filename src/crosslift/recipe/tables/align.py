"""The `[align]` table, its bitext and its objectives.  Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from crosslift.data.filters import FilterSettings
from crosslift.recipe.tables.common import MethodTable, StageTable, Table
from crosslift.wordalign.settings import Symmetrization

LinkSource = Literal["given", "aligner", "subwords"]
"""The origin of word links: the bitext, the statistical aligner on words, or the aligner on the encoder's subwords."""


LinkSubwords = Literal["first", "equal"]
"""The subwords that a link of two words connects: the first of each, or all in order if both have equally many."""


class BitextTable(Table):
    """Bitext: a directory with one tsv file per target language, or the lab."""

    path: Path | None = Field(None, description="directory with {language}.tsv; not needed in the lab")
    source: str = Field("en", description="language of the first side; the lab has its own")
    languages: tuple[str, ...] | Literal["all"] = Field("all", description="target languages to read")
    limit: int | None = Field(None, ge=1, description="maximum number of pairs per language, before filtering")
    filters: FilterSettings = FilterSettings()
    links: LinkSource | None = Field(
        None,
        description='word links, for objectives that need them: those of the bitext ("given"), or the statistical '
        'aligner\'s on words ("aligner") or on the encoder\'s subwords ("subwords"); if not given, the bitext\'s '
        "links if it has any, else the aligner's on words",
    )
    link_subwords: LinkSubwords = Field(
        "first",
        description="the subwords that a link of two words connects: the first of each, or all in order if both "
        "words have equally many",
    )
    aligner: Literal["hmm", "fast"] = Field("hmm", description="model of the statistical aligner")
    symmetrize: Symmetrization = Field(
        "one-to-one", description="how the links of the aligner's two directions are combined"
    )
    shuffle_links: bool = Field(False, description="control: each pair gets the links of another pair")
    unpaired: bool = Field(False, description="control: targets are shuffled, so that no pair is a translation")

    @property
    def read(self) -> BitextTable:
        """The table with only those settings that decide which pairs are read, and in which order."""
        linking = ("links", "link_subwords", "aligner", "symmetrize", "shuffle_links")
        return BitextTable.model_validate(self.model_dump(exclude=set(linking)))


class ObjectiveTable(MethodTable):
    """An alignment objective and its settings, which are checked against the objective's own fields."""

    bitext: BitextTable | None = Field(
        None, description="bitext of this objective alone; keys not given are those of [align.bitext]"
    )


class AlignTable(StageTable):
    """``[align]``: alignment objectives on bitext."""

    bitext: BitextTable = BitextTable()
    objective: tuple[ObjectiveTable, ...] = Field(min_length=1)
    temperature: float = Field(1.0, ge=1, description="languages are sampled by size ** (1 / temperature)")
    health_every: int | None = Field(
        10, ge=1, description="logged steps between measurements of the encoder's health; changes no result"
    )
    stop_on_collapse: bool = Field(True, description="whether to stop the stage when the encoder collapses")

    @property
    def bitexts(self) -> list[BitextTable]:
        """The bitext of each objective."""
        return [objective.bitext or self.bitext for objective in self.objective]
