"""The tables of a recipe: what each key holds, its bounds and its default.  Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from crosslift.data.filters import FilterSettings
from crosslift.data.sources._settings import FileSettings, SourceSettings
from crosslift.recipe.adapter_tables import AdapterTable, LanguageAdaptersTable
from crosslift.recipe.base_tables import MethodTable, SmoothTable, Table, TextTable, TrainTable
from crosslift.recipe.dual_encoder_table import DualEncoderTable
from crosslift.wordalign.settings import Symmetrization

Selection = Literal["source-dev", "last", "average", "target-dev"]
"""The rule for the final weights: best on source development data, the last, the mean of the last checkpoints, or the
oracle's choice by labelled target development data, which is not zero-shot."""


class EncoderTable(Table):
    """``[encoder]``: where training starts."""

    model: str = Field(description='hub id, directory, "scratch:PRESET", or "lab"')
    revision: str | None = Field(None, description="hub revision (commit hash) of the checkpoint")
    vocabulary_size: int = Field(16_000, ge=100, description="pieces of the tokenizer, when it is trained from scratch")


LinkSource = Literal["given", "aligner", "pieces"]
"""Where word links come from: the bitext, a statistical aligner on its words, or one on the encoder's pieces."""
LinkPieces = Literal["first", "equal"]
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
    link_pieces: LinkPieces = Field(
        "first", description="a link of words links their first pieces, or all in order where they have equally many"
    )
    aligner: Literal["hmm", "fast"] = Field("hmm", description="model of the statistical aligner")
    symmetrize: Symmetrization = Field("one-to-one", description="how the aligner's two directions become one")
    shuffle_links: bool = Field(False, description="control: each pair gets the links of another pair")
    unpaired: bool = Field(False, description="control: targets are shuffled, so that no pair is a translation")

    @property
    def read(self) -> BitextTable:
        """The table with the settings alone that decide which pairs there are, and in which order."""
        linking = ("links", "link_pieces", "aligner", "symmetrize", "shuffle_links")
        return BitextTable.model_validate(self.model_dump(exclude=set(linking)))


class ObjectiveTable(MethodTable):
    """An alignment objective and its settings, checked against the objective's own fields."""

    bitext: BitextTable | None = Field(None, description="its own bitext; keys not given are those of [align.bitext]")


class PretrainTable(TrainTable):
    """``[pretrain]``: masked language modelling on unpaired text, from scratch or continued."""

    text: TextTable = TextTable()
    objective: tuple[MethodTable, ...] = (MethodTable(use="mlm"),)
    temperature: float = Field(1.0, ge=1, description="languages are sampled by size ** (1 / temperature)")
    seed: int = Field(0, description="own seed, so that all seeds of a recipe share the stage")
    per_seed: bool = Field(False, description="train anew for every seed of the recipe")


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


class TranslatorTable(Table):
    """What translates a task's texts: the lab's own speakers, files of translations, or a translation model."""

    by: str = Field(
        description='"lab" (gold translations), "files", or a translation checkpoint (directory or hub id; M2M100, '
        "NLLB, T5 and mT5)"
    )
    files: FileSettings | None = Field(
        None, description='for "files": one a language, `{language}` in its path; its rows are those of the original'
    )
    noise: float = Field(
        0.0, ge=0, le=1, description="for the lab: share of words dropped, replaced or swapped with their neighbour"
    )
    revision: str | None = Field(None, description="for a checkpoint: hub revision (commit hash)")
    prefix: str = Field(
        "",
        description="for a checkpoint: put before each text; `{source}` and `{target}` stand for the languages' names "
        '(T5: "translate {source} to {target}: ")',
    )
    beams: int = Field(1, ge=1, description="for a checkpoint: beams of the search; 1 is greedy")
    max_length: int = Field(
        256, ge=8, description="for a checkpoint: tokens that a text, and its translation, may have"
    )

    @model_validator(mode="after")
    def _what_belongs_together(self) -> Self:
        if (self.by == "files") != (self.files is not None):
            raise ValueError('`by = "files"` and `files` (a path with {language}) go together')
        if self.files is not None and "{language}" not in self.files.path:
            raise ValueError(f"files: '{self.files.path}' has no {{language}}, which stands for the language")
        if self.noise and self.by != "lab":
            raise ValueError("`noise` is a dial of the lab's translations; other translators make their own mistakes")
        return self

    @property
    def checkpoint(self) -> str | None:
        """The translation checkpoint; None for the lab and files."""
        return None if self.by in ("lab", "files") else self.by


class TranslateTable(TranslatorTable):
    """``[finetune.translate]``: training data in other languages too (translate-train)."""

    languages: tuple[str, ...] | Literal["all"] = Field(
        "all", description='languages to train on beside the source; "all": every one that can be had'
    )
    mix: Literal["one", "all", "view"] = Field(
        "all",
        description='"one": each example in one language, drawn by the seed, so that there are as many as without; '
        '"all": each example in every language; "view": in the source language, and the method `translated` reads a '
        "translation",
    )
    include_source: bool = Field(True, description="whether the source language is one of the languages")


class ReadTable(Table):
    """``[finetune.read]``: what of an example the model reads; it is saved with the model."""

    texts: Literal["both", "second"] = Field(
        "both",
        description='"second": of pairs the second text alone, of choices the choice alone; a baseline that shows what '
        "hypotheses give away",
    )
    pieces: Literal["first", "all"] = Field(
        "first", description="tagging: the pieces of a word that are trained to have its tag"
    )
    vote: Literal["first", "majority"] = Field(
        "first", description="tagging: a word has the tag of its first piece, or of most of its pieces"
    )


class FinetuneTable(TrainTable):
    """``[finetune]``: train a task on the source language."""

    task: str = Field(description="name of a task: `crosslift list tasks`")
    source: str | None = Field(None, description="language of the training data; the task's own by default")
    max_length: int | None = Field(  # type: ignore[assignment]  # what is usual depends on the task
        None,
        ge=8,
        description="tokens an input is cut to, or of a window of a context; 128, and 384 in question answering",
    )
    doc_stride: int = Field(
        128, ge=1, description="question answering: tokens from one window of a long context to the next"
    )
    method: tuple[MethodTable, ...] = (MethodTable(use="plain"),)
    epochs: float | None = Field(None, gt=0, description="passes over the data; 2 if `steps` is not given")
    train_limit: int | None = Field(None, ge=1, description="training examples, at most, drawn by the seed")
    dev_limit: int | None = Field(2_000, ge=1, description="source development examples, at most")
    evaluations: int = Field(10, ge=1, description="source-dev evaluations, evenly spaced; each is a checkpoint")
    average_last: int = Field(5, ge=1, description="checkpoints in the average")
    selection: Selection = Field(
        "source-dev", description="which weights become RUN/model; 'target-dev' is not zero-shot, and needs `oracle`"
    )
    adapter: AdapterTable | None = Field(
        None, description="what is trained instead of the whole encoder; wants a higher `learning_rate`, 1e-4 to 1e-3"
    )
    head_from: Path | None = Field(
        None,
        description="directory of a task model whose head is taken and frozen: runs under one head can be merged",
    )
    oracle: bool = Field(
        False,
        description="also score the checkpoint that is best on labelled dev data of the target languages scored, as "
        "rule 'target-dev'; an upper bound, not zero-shot",
    )
    translate: TranslateTable | None = Field(None, description="training data in other languages too; the labels stay")
    read: ReadTable = ReadTable()

    @model_validator(mode="after")
    def _no_oracle_unasked(self) -> Self:
        if self.selection == "target-dev" and not self.oracle:
            raise ValueError("selection = 'target-dev' reads labels of the target languages; say `oracle = true` too")
        return self


class MaskedTable(Table):
    """``[intermediate.mlm]``: masked language modelling as one more task of an intermediate stage."""

    text: TextTable = TextTable()
    alpha: float = Field(0.3, gt=0, le=1, description="languages are sampled by size ** alpha")
    batch_size: int = Field(8, ge=1, description="sentences a step")
    weight: float = Field(1.0, ge=0, description="factor of its loss")


class IntermediateTable(FinetuneTable):
    """``[[intermediate]]``: train something else first; the encoder goes on from there, the head is dropped.

    Several tables are a chain.  Paper: Phang et al. 2020, arXiv 2005.13013 (X-STILTs).
    """

    task: str | None = Field(  # type: ignore[assignment]
        None, description="name of a task: `crosslift list tasks`; give `task` or `tasks`"
    )
    tasks: tuple[str, ...] = Field(
        (), description="several tasks, each with a head of its own; a step draws one, by its number of examples"
    )
    source: str | None = Field(None, description="language of the training data; each task's own by default")
    size_cap: int = Field(
        2**17, ge=1, description="with several tasks: one is drawn as if it had no more examples than this"
    )
    mlm: MaskedTable | None = Field(None, description="masked language modelling on unpaired text, as one more task")
    selection: Selection = Field("source-dev", description="which weights go on to the next stage")
    seed: int = Field(0, description="own seed, so that all seeds of a recipe share the stage")
    per_seed: bool = Field(False, description="train anew for every seed of the recipe")

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if (self.task is None) == (not self.tasks):
            raise ValueError("give `task` or `tasks`")
        if self.oracle or self.head_from or self.adapter:
            raise ValueError(
                "`oracle`, `head_from` and `adapter` belong to [finetune]: an intermediate stage hands on an encoder"
            )
        if len(set(self.tasks)) < len(self.tasks):
            raise ValueError("`tasks` names a task twice")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its tasks."""
        return (self.task,) if self.task else self.tasks

    @property
    def several(self) -> bool:
        """Whether a step draws one of several tasks."""
        return len(self.names) > 1 or self.mlm is not None


Pooling = Literal["benchmark", "native", "pooler", "mean", "mean_words", "first"]
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


class Recipe(Table):
    """One experiment: an encoder, stages in order, and what is scored."""

    name: str = Field(pattern=r"^[\w.+-]+$", description="names the system in tables")
    seed: int = Field(0, ge=0, description="of everything that is drawn at random")
    encoder: EncoderTable
    data: SourceSettings = SourceSettings(source="hub")
    pretrain: PretrainTable | None = None
    align: AlignTable | None = None
    intermediate: tuple[IntermediateTable, ...] = ()
    dual_encoder: DualEncoderTable | None = None
    language_adapters: LanguageAdaptersTable | None = None
    finetune: FinetuneTable | None = None
    evaluate: tuple[EvaluateTable, ...] = ()

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        stages = (self.pretrain, self.align, self.intermediate, self.dual_encoder, self.finetune, self.evaluate)
        if not any(stages):
            raise ValueError(
                "a recipe needs a stage: [pretrain], [align], [[intermediate]], [dual_encoder], [finetune] or "
                "[[evaluate]]"
            )
        return self

    @model_validator(mode="after")
    def _task_on_top_of_language(self) -> Self:
        if self.language_adapters is None:
            return self
        adapter = self.finetune.adapter if self.finetune else None
        if self.finetune is None or adapter is None or adapter.kind != "bottleneck":
            raise ValueError(
                "language_adapters: a task's adapter is trained on top of them; give [finetune.adapter] with "
                'kind = "bottleneck"'
            )
        if any(table.generalized for table in self.evaluate):
            raise ValueError(
                "evaluate.generalized: a text in one language and one in another would need two language adapters in "
                "one pass; remove it or [language_adapters]"
            )
        if self.finetune.translate:
            raise ValueError(
                "finetune.translate: a batch would mix languages, and it is read with the adapter of one; remove it or "
                "[language_adapters]"
            )
        return self

    @model_validator(mode="after")
    def _one_reading_of_a_task(self) -> Self:
        for index, table in enumerate(self.evaluate):
            earlier = [other for other in self.evaluate[:index] if other.task == table.task]
            if earlier and (table.translate or any(other.translate for other in earlier)):
                raise ValueError(
                    f"evaluate.{index}: '{table.task}' is scored by an earlier table, and one of the two translates "
                    "its test sets; scores of translate-test are a run of their own"
                )
            if earlier and (table.smooth or any(other.smooth for other in earlier)):
                raise ValueError(
                    f"evaluate.{index}: '{table.task}' is scored by an earlier table, and one of the two smooths its "
                    "predictions; smoothed scores are a run of their own, or of `crosslift.evaluate`"
                )
            if any((table.pooling, table.search) != (other.pooling, other.search) for other in earlier):
                raise ValueError(
                    f"evaluate.{index}: '{table.task}' is scored by an earlier table with other `pooling` or `search`; "
                    "other vectors are a run of their own, or of `crosslift.evaluate`"
                )
        return self
