"""Lexicons: the words of one language and their translations into others.  Imports no torch."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from crosslift.errors import DataError, LanguageError, nearest
from crosslift.io.text import existing, lines
from crosslift.lab import World, shared_world

_NAME = re.compile(r"(?P<source>\w+)-(?P<target>[\w-]+)\.txt(\.gz)?")
_LAB = re.compile(r"lab(:(?P<seed>\d+))?")
WordPairs = Iterable[tuple[str, str]]
"""(word, translation), the best translation of a word first."""


class Lexicon:
    """Words of the language `source` and their translations, by target language.

    >>> lexicon = Lexicon({"de": [("house", "Haus"), ("bank", "Bank"), ("bank", "Ufer")]}, source="en")
    >>> lexicon.translations("Bank", "de"), lexicon.translations("tree", "de"), len(lexicon)
    (('Bank', 'Ufer'), (), 3)
    """

    def __init__(self, pairs: Mapping[str, WordPairs], *, source: str) -> None:
        self.source = source
        """The language of the words."""
        self._translations = {language: _grouped(rows) for language, rows in pairs.items()}

    @classmethod
    def read(cls, path: Path | str, *, source: str = "en", languages: Sequence[str] | None = None) -> Lexicon:
        """Read dictionaries in the format of MUSE and CoSDA-ML: one `word translation` per line, plain or .gz.

        Args:
            path: a file `en-de.txt`, or a folder of such files.
            source: the language of the words, if `path` is a folder.
            languages: the target languages to read; None: all in the folder.

        Raises:
            DataError: no such file, or a line that is not a word and its translation; the message names file and line.
            LanguageError: a language without a file.
        """
        spoken, targets = _files(Path(path), source)
        wanted = sorted(targets) if languages is None else languages
        for language in wanted:
            if language not in targets:
                raise LanguageError(
                    f"{path}: no lexicon of '{language}'{nearest(language, targets)} "
                    f"(available: {', '.join(sorted(targets))})"
                )
        return cls({language: _read(targets[language]) for language in wanted}, source=spoken)

    @classmethod
    def of_world(cls, world: World, *, languages: Sequence[str] | None = None) -> Lexicon:
        """Return the lexicon of a lab world: every word form of its source language, in the other languages.

        Raises:
            LanguageError: a language that the world does not have.
        """
        wanted = [language.code for language in world.targets] if languages is None else languages
        source = world.source.code
        return cls({code: world.lexicon(source, code) for code in wanted}, source=source)

    @property
    def languages(self) -> tuple[str, ...]:
        """The target languages."""
        return tuple(self._translations)

    @property
    def words(self) -> tuple[str, ...]:
        """Every source word with a translation into any language, in the order of the lexicon."""
        return tuple(self.places)

    @cached_property
    def places(self) -> dict[str, int]:
        """The index of each of `words`."""
        words = dict.fromkeys(word for rows in self._translations.values() for word in rows)
        return {word: place for place, word in enumerate(words)}

    def words_into(self, language: str) -> tuple[str, ...]:
        """Return the source words with a translation into a language."""
        return tuple(self._of(language))

    def words_of(self, language: str) -> tuple[str, ...]:
        """Return every word of a target language."""
        return tuple(dict.fromkeys(word for row in self._of(language).values() for word in row))

    def translations(self, word: str, language: str) -> tuple[str, ...]:
        """Return the translations of a word as written, else of its lower-case form, else ()."""
        rows = self._of(language)
        return rows.get(word) or rows.get(word.lower(), ())

    def pairs(self, language: str) -> Iterator[tuple[str, str]]:
        """Yield every (word, translation) of a language."""
        return ((word, other) for word, row in self._of(language).items() for other in row)

    def split(self, share: float, *, seed: int) -> tuple[Lexicon, Lexicon]:
        """Return two lexicons without a common source word; the first has the fraction `share` of the words.

        A mapping is fitted to the first and its precision measured on the second.
        """
        words = self.words
        order = np.random.default_rng((seed, len(words))).permutation(len(words))
        first = {words[index] for index in order[: round(share * len(words))]}
        return self._where(lambda word: word in first), self._where(lambda word: word not in first)

    def save(self, folder: Path | str) -> None:
        """Write one file `{source}-{language}.txt` per language, which `read` reads."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for language in self.languages:
            text = "".join(f"{word}\t{other}\n" for word, other in self.pairs(language))
            (folder / f"{self.source}-{language}.txt").write_text(text, encoding="utf-8")

    @property
    def fingerprint(self) -> str:
        """A hash of every pair, for caches."""
        content = [self.source, {code: list(self.pairs(code)) for code in self.languages}]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    def __len__(self) -> int:
        return sum(len(row) for rows in self._translations.values() for row in rows.values())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Lexicon):
            return NotImplemented
        return (self.source, self._translations) == (other.source, other._translations)

    __hash__ = None  # type: ignore[assignment]  # compared by content, never used as a key

    def __repr__(self) -> str:
        return f"Lexicon({self.source} to {', '.join(self.languages)}; {len(self):,} pairs)"

    def _where(self, keep: Callable[[str], bool]) -> Lexicon:
        kept = {code: [pair for pair in self.pairs(code) if keep(pair[0])] for code in self.languages}
        return Lexicon(kept, source=self.source)

    def _of(self, language: str) -> dict[str, tuple[str, ...]]:
        if language not in self._translations:
            raise LanguageError(
                f"the lexicon has no language '{language}'{nearest(language, self._translations)} "
                f"(available: {', '.join(self._translations) or 'none'})"
            )
        return self._translations[language]


@lru_cache(maxsize=4)
def open_lexicon(where: str, languages: tuple[str, ...] | None = None) -> Lexicon:
    """Return the lexicon that a setting names: "lab", "lab:SEED" for the world of another seed, or a path.

    Raises:
        DataError: no such file or folder, or a line that is not a word and its translation.
        LanguageError: a language that the lexicon does not have.
    """
    world = lab_world(where)
    if world is None:
        return Lexicon.read(where, languages=languages)
    return Lexicon.of_world(world, languages=languages)


def lexicon_files(where: str) -> tuple[str, ...]:
    """Return the pattern of the files that a lexicon setting names; none for the lab."""
    if lab_world(where) is not None:
        return ()
    return (str(Path(where) / "*"),) if Path(where).is_dir() else (where,)


@lru_cache(maxsize=4)
def lab_world(where: str) -> World | None:
    """Return the world that "lab" or "lab:SEED" names, or None for anything else."""
    lab = _LAB.fullmatch(where)
    return shared_world(int(lab["seed"] or 0)) if lab else None


def _grouped(pairs: WordPairs) -> dict[str, tuple[str, ...]]:
    """Return the distinct translations of each word, in order."""
    grouped: dict[str, dict[str, None]] = {}
    for word, translation in pairs:
        grouped.setdefault(word, {})[translation] = None
    return {word: tuple(row) for word, row in grouped.items()}


def _files(path: Path, source: str) -> tuple[str, dict[str, Path]]:
    """Return the source language and the file of each target language."""
    if path.is_dir():
        names = {file: match for file in sorted(path.iterdir()) if (match := _NAME.fullmatch(file.name))}
        found = {match["target"]: file for file, match in names.items() if match["source"] == source}
        if not found:
            there = ", ".join(file.name for file in names) or "no file with such a name"
            raise DataError(f"{path}: no lexicon {source}-xx.txt, plain or with .gz (there is: {there})")
        return source, found
    file = existing(path)
    match = _NAME.fullmatch(file.name)
    if match is None:
        raise DataError(f"{file}: the file name must contain the two languages, such as en-de.txt")
    return match["source"], {match["target"]: file}


def _read(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a file; a translation of several words is separated by a tab."""
    for number, line in lines(path):
        fields = line.split("\t") if "\t" in line else line.split()
        if not line.strip():
            continue
        if len(fields) != 2 or not all(field.strip() for field in fields):
            raise DataError(
                f"{path}, line {number}: {len(fields)} fields where a word and its translation are expected, "
                "separated by a tab or a blank"
            )
        yield fields[0].strip(), fields[1].strip()
