"""Translated task data: training examples (translate-train) and test sets (translate-test).

Labels never change.  Training on translations is not zero-shot in data; results.json says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from crosslift.api.examples import Example, Split
from crosslift.api.task import Task
from crosslift.cache import cache_directory
from crosslift.data.sources import SourceSettings
from crosslift.data.sources.files import Files
from crosslift.data.sources.lab import Lab
from crosslift.errors import RecipeError
from crosslift.lab.chance import Draws
from crosslift.lab.noise import mistranslated
from crosslift.recipe import TranslateTable, TranslatorTable
from crosslift.translation.checkpoint import Settings, Translator
from crosslift.translation.examples import TEXT_TASKS, matched, translated, with_words, word_rows

Training = tuple[list[Example], list[str]]
"""Training examples, and the language of each."""


class Translations:
    """The translations that a table of a recipe asks for.

    Args:
        table: the table.
        data: the source of the recipe's data.
        key: the table's place in the recipe, for messages.

    Raises:
        RecipeError: the lab translates only its own tasks.
    """

    def __init__(self, table: TranslatorTable, data: SourceSettings, key: str) -> None:
        self.table, self.data, self.key = table, data, key
        self._vocabulary: dict[str, tuple[str, ...]] = {}
        if table.by == "lab" and data.source != "lab":
            raise RecipeError(f"{key}.by: the lab translates only its own tasks, but data.source is '{data.source}'")

    @cached_property
    def lab(self) -> Lab:
        """The recipe's world."""
        return Lab(seed=self.data.seed, counts=self.data.counts)

    @cached_property
    def translator(self) -> Translator:
        """The recipe's translation checkpoint."""
        assert self.table.checkpoint is not None
        table = self.table
        settings = Settings(table.by, table.revision, table.prefix, table.beams, table.max_length)
        return Translator(settings, cache_directory() / "translations")

    def check(self, task: Task, *, text_only: bool) -> None:
        """Check that the labels of a task hold for its translations.

        Raises:
            RecipeError: they belong to positions in the text, which a translation moves.
        """
        if task.task_type in TEXT_TASKS or not (text_only or self.table.checkpoint or self._noisy_answers(task)):
            return
        raise RecipeError(
            f"{self.key}.by: '{task.name}' is a '{task.task_type}' task: its labels belong to positions in the text, "
            f"which a translation moves ({', '.join(TEXT_TASKS)} tasks can be translated; for others, use "
            "files of translations with their own labels, or the lab without noise)"
        )

    def _noisy_answers(self, task: Task) -> bool:
        return task.task_type not in ("tagging", "intent_slot") and self.table.noise > 0

    def languages(self, task: Task, split: Split, source: str) -> list[str]:
        """Return every language with translations, except the source."""
        if self.table.by == "lab":
            known: Sequence[str] = self.lab.languages(task, split)
        elif self.table.files is not None:
            known = self._files(split).languages(task, split)
        else:
            return self.translator.languages(task.languages, source)
        return [code for code in known if code != source]

    def examples(
        self, task: Task, split: Split, examples: Sequence[Example], *, source: str, target: str, other: str
    ) -> list[Example]:
        """Return examples translated from source to target; `other` is the one of the two that file names contain.

        Raises:
            DataError: an example has no translation, or one with another label.
            LanguageError: a language without translations.
        """
        where = f"{self.key}: {task.name} {split} from '{source}' into '{target}'"
        if self.table.by == "lab":
            gold = matched(examples, self.lab.examples(task, split, target), where=where)
            seed = (self.data.seed, "translation", source, target, task.name, split)
            return (
                [self._with_errors(each, target, Draws(*seed, each.id)) for each in gold] if self.table.noise else gold
            )
        if self.table.files is not None:
            return matched(examples, self._files(split).examples(task, split, other), where=where)
        return translated(examples, lambda texts: self.translator.translate(texts, source, target))

    def __str__(self) -> str:
        if self.table.by == "lab":
            return f"the lab, noise {self.table.noise:g}" if self.table.noise else "the lab"
        return self.table.files.path if self.table.files else self.table.by

    def _forms(self, language: str) -> tuple[str, ...]:
        if language not in self._vocabulary:
            self._vocabulary[language] = tuple(self.lab.world.word_forms(language))
        return self._vocabulary[language]

    def _files(self, split: Split) -> Files:
        assert self.table.files is not None
        return Files({split: self.table.files}, root=self.data.path)

    def _with_errors(self, example: Example, language: str, draws: Draws) -> Example:
        """Return an example with translation errors, which do not depend on the seed of the recipe."""
        forms = self._forms(language)
        rows = [mistranslated(row, forms, noise=self.table.noise, draws=draws) for row in word_rows(example)]
        return with_words(example, rows)


def training(
    translations: Translations, table: TranslateTable, task: Task, examples: list[Example], *, source: str, seed: int
) -> Training:
    """Return training examples in the languages of the table, grouped by language.

    Raises:
        RecipeError: labels that do not survive translation, no language, or the source among the languages.
    """
    translations.check(task, text_only=False)
    pool = _pool(translations, table, task, source)
    rows: dict[str, Sequence[int]] = dict.fromkeys(pool, range(len(examples)))
    if table.mix == "one":
        drawn = np.random.default_rng((seed, len(examples), len(pool))).integers(len(pool), size=len(examples))
        rows = {code: np.flatnonzero(drawn == place).tolist() for place, code in enumerate(pool)}
    train: list[Example] = []
    codes: list[str] = []
    for code, chosen in rows.items():
        part = [examples[index] for index in chosen]
        if code != source and part:
            part = translations.examples(task, "train", part, source=source, target=code, other=code)
        train += part
        codes += [code] * len(part)
    return train, codes


def training_views(
    translations: Translations, table: TranslateTable, task: Task, examples: list[Example], *, source: str
) -> dict[str, list[Example]]:
    """Return the translations of all training examples by language.

    Raises:
        RecipeError: labels that do not survive translation, or no language.
    """
    translations.check(task, text_only=False)
    targets = [code for code in _pool(translations, table, task, source) if code != source]
    return {
        code: translations.examples(task, "train", examples, source=source, target=code, other=code) for code in targets
    }


def _pool(translations: Translations, table: TranslateTable, task: Task, source: str) -> list[str]:
    key = f"{translations.key}.languages"
    if isinstance(table.languages, str):
        targets = translations.languages(task, "train", source)
    else:
        targets = list(dict.fromkeys(table.languages))
    if source in targets:
        raise RecipeError(f"{key}: '{source}' is the source language; use `include_source` to train on it")
    if not targets:
        raise RecipeError(f"{key}: no languages to train on besides '{source}'")
    return [source, *targets] if table.include_source else targets
