"""The unpaired text and bitext of the stages before fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crosslift.api.examples import texts
from crosslift.data.bitext import Bitext
from crosslift.data.sources import SourceSettings
from crosslift.data.test_data import TestSet
from crosslift.errors import LanguageError, RecipeError, nearest
from crosslift.io.text import existing, lines
from crosslift.lab import World
from crosslift.recipe import AlignTable, BitextTable, TextTable, content_hash

LAB_SENTENCES = 20_000
"""Number of sentences of unpaired text in a lab language with full resources."""


LAB_PAIRS = 4_000
"""Number of sentence pairs of the source and a lab language with full resources."""


@dataclass(frozen=True)
class Text:
    """Unpaired text by language."""

    by_language: dict[str, list[str]]

    @property
    def fingerprint(self) -> str:
        """A hash of every sentence."""
        return content_hash(self.by_language)

    def sentences(self) -> Iterator[str]:
        """Yield all sentences, grouped by language."""
        for sentences in self.by_language.values():
            yield from sentences


@dataclass(frozen=True)
class Corpus:
    """Sentence pairs (source, target) by target language."""

    source: str
    by_language: dict[str, Bitext]

    @property
    def fingerprint(self) -> str:
        """A hash of every pair and its links."""
        rows = {
            code: [[*pair, bitext.links(index)] for index, pair in enumerate(bitext)]
            for code, bitext in self.by_language.items()
        }
        return content_hash([self.source, rows])


def read_text(table: TextTable, data: SourceSettings, world: World, key: str) -> Text:
    """Return the unpaired text of a table: files of a folder, or the lab's text."""
    if table.path is None:
        _needs_lab(data, key)
        codes = _lab_languages(world, table.languages)
        return Text({code: world.text(code, _lab_count(world, code, LAB_SENTENCES, table.limit)) for code in codes})
    files = _language_files(table.path, ".txt", table.languages, key)
    return Text(
        {code: [text for _, text in lines(path) if text.strip()][: table.limit] for code, path in files.items()}
    )


def read_corpora(table: AlignTable, data: SourceSettings, world: World, tests: Sequence[TestSet]) -> tuple[Corpus, ...]:
    """Read the bitext of each objective; objectives with the same bitext share it."""
    keys = [content_hash(bitext.read.model_dump()) for bitext in table.bitexts]
    read = {
        key: _corpus(bitext, data, world, tests) for key, bitext in dict(zip(keys, table.bitexts, strict=True)).items()
    }
    return tuple(read[key] for key in keys)


def _corpus(table: BitextTable, data: SourceSettings, world: World, tests: Sequence[TestSet]) -> Corpus:
    corpus = _translations(table, data, world, tests)
    if not table.unpaired:
        return corpus
    return Corpus(corpus.source, {code: _unpaired(bitext) for code, bitext in corpus.by_language.items()})


def _unpaired(bitext: Bitext) -> Bitext:
    """Return the same sentences with the targets in another order, and without links."""
    pairs = list(bitext)
    order = np.random.default_rng((0, len(pairs))).permutation(len(pairs))
    rows = [(source, pairs[other][1]) for (source, _), other in zip(pairs, order, strict=True)]
    return Bitext.from_pairs(rows, languages=bitext.languages)


def _translations(table: BitextTable, data: SourceSettings, world: World, tests: Sequence[TestSet]) -> Corpus:
    """Read the bitext without sentences of the test sets (the lab's bitext never contains their meanings)."""
    if table.path is None:
        _needs_lab(data, "align.bitext")
        source = world.source.code
        codes = [code for code in _lab_languages(world, table.languages) if code != source]
        counts = {code: _lab_count(world, code, LAB_PAIRS, table.limit) for code in codes}
        return Corpus(
            source,
            {code: _lab_bitext(world, source, code, count) for code, count in counts.items()},
        )
    files = _language_files(table.path, ".tsv", table.languages, "align.bitext")
    scored = {text for test in tests for rows in test.by_language.values() for row in rows for text in texts(row)}
    return Corpus(
        table.source,
        {
            code: Bitext.read(path, (table.source, code), filters=table.filters, test_texts=scored, limit=table.limit)
            for code, path in files.items()
        },
    )


def _language_files(folder: Path, ending: str, wanted: Sequence[str] | str, key: str) -> dict[str, Path]:
    """Return the file of each language in a folder of `{language}{ending}` files, plain or with .gz."""
    there = {path.name.partition(".")[0] for path in sorted(folder.glob(f"*{ending}*"))}
    codes = sorted(there) if isinstance(wanted, str) else wanted
    if not there:
        raise RecipeError(f"{key}.path: {folder} has no {{language}}{ending} file, plain or with .gz")
    for code in codes:
        if code not in there:
            raise LanguageError(
                f"{key}.languages: {folder} has no file for '{code}'{nearest(code, there)} "
                f"(there is: {', '.join(sorted(there))})"
            )
    return {code: existing(folder / f"{code}{ending}") for code in codes}


def _lab_bitext(world: World, source: str, target: str, count: int) -> Bitext:
    pairs = world.bitext(source, target, count)
    return Bitext.from_pairs(
        ((pair.source, pair.target) for pair in pairs),
        languages=(source, target),
        links=[pair.links for pair in pairs],
    )


def _needs_lab(data: SourceSettings, key: str) -> None:
    if data.source != "lab":
        raise RecipeError(f"{key}.path is missing; only data.source = 'lab' has its own text")


def _lab_languages(world: World, wanted: Sequence[str] | str) -> list[str]:
    if isinstance(wanted, str):
        return [language.code for language in world.languages]
    return [world.language(code).code for code in wanted]


def _lab_count(world: World, code: str, count: int, limit: int | None) -> int:
    count = round(count * world.language(code).resources)
    return count if limit is None else min(count, limit)
