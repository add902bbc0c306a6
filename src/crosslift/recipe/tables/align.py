"""The `[align]` table, its bitext and its objectives."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from crosslift.data.filters import FilterSettings
from crosslift.recipe.tables.common import MethodTable, Table, TrainTable
from crosslift.wordalign.settings import Symmetrization

LinkSource = Literal["given", "aligner", "subwords"]
"""Where word links come from: the bitext, a statistical aligner on its words, or one on the encoder's pieces."""


LinkSubwords = Literal["first", "equal"]
"""Which pieces of two linked words are linked: the first of each, or all, in order, of words with as many pieces."""


class BitextTable(Table):
    """Parallel text: a directory of one tsv file a target language, or the lab."""

    path: Path | None = Field(None, description="directory with {language}.tsv; the lab needs none")
    source: str = Field("en", description="language of the first side; the lab has its own")
    languages: tuple[str, ...] | Literal["all"] = Field("all", description="target languages to read")
    limit: int | None = Field(None, ge=1, description="pairs a language, at most, before filtering")
    filters: FilterSettings = FilterSettings()
    links: LinkSource | None = Field(
        None,
        description="word links, for objectives that need them: of the bitext, or of a statistical aligner run on "
        "words or on the encoder's pieces; if not given, the bitext's where it has some, else the aligner's on words",
    )
    link_subwords: LinkSubwords = Field(
        "first", description="a link of words links their first pieces, or all in order where they have equally many"
    )
    aligner: Literal["hmm", "fast"] = Field("hmm", description="model of the statistical aligner")
    symmetrize: Symmetrization = Field("one-to-one", description="how the aligner's two directions become one")
    shuffle_links: bool = Field(False, description="control: each pair gets the links of another pair")
    unpaired: bool = Field(False, description="control: targets are shuffled, so that no pair is a translation")

    @property
    def read(self) -> BitextTable:
        """The table with the settings alone that decide which pairs there are, and in which order."""
        linking = ("links", "link_subwords", "aligner", "symmetrize", "shuffle_links")
        return BitextTable.model_validate(self.model_dump(exclude=set(linking)))


class ObjectiveTable(MethodTable):
    """An alignment objective and its settings, checked against the objective's own fields."""

    bitext: BitextTable | None = Field(None, description="its own bitext; keys not given are those of [align.bitext]")


class AlignTable(TrainTable):
    """``[align]``: alignment objectives on bitext."""

    bitext: BitextTable = BitextTable()
    objective: tuple[ObjectiveTable, ...] = Field(min_length=1)
    temperature: float = Field(1.0, ge=1, description="languages are sampled by size ** (1 / temperature)")
    seed: int = Field(0, description="own seed, so that all seeds of a recipe share the stage")
    per_seed: bool = Field(False, description="train anew for every seed of the recipe")
    health_every: int | None = Field(
        10, ge=1, description="logged steps between measurements of the encoder's health; changes no result"
    )
    stop_on_collapse: bool = Field(True, description="whether a collapsed encoder ends the stage")

    @property
    def bitexts(self) -> list[BitextTable]:
        """The bitext of each objective."""
        return [objective.bitext or self.bitext for objective in self.objective]
