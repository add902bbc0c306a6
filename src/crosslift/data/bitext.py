"""Bitext: parallel sentences of a language pair, with word links if they are known.  Imports no torch."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from crosslift.data import text_store
from crosslift.data.filters import FilterReport, FilterSettings, clean
from crosslift.data.pairs import Links, Pair, bitext_files, read_pairs, with_links
from crosslift.errors import DataError
from crosslift.io.text import find, sha256

_SCHEMA = 1


class _Filters(NamedTuple):
    """The filters: settings, and test texts that must not be in the bitext."""

    settings: FilterSettings
    test_texts: list[str]

    @property
    def key(self) -> list[object]:
        return [self.settings.model_dump(), self.test_texts]


class Bitext:
    """A sequence of sentence pairs and their word links.

    With a cache folder the text is written there once and then memory-mapped, so that it may be larger than memory;
    without one it is kept in memory.

    >>> links = [((0, 0), (1, 1))]
    >>> bitext = Bitext.from_pairs([("a house", "ein Haus")], languages=("en", "de"), links=links)
    >>> len(bitext), bitext[0], bitext.links(0)
    (1, ('a house', 'ein Haus'), ((0, 0), (1, 1)))
    """

    def __init__(self, store: text_store.Store, *, languages: tuple[str, str], report: FilterReport) -> None:
        self._store = store
        self.languages = languages
        """The codes of source and target."""
        self.report = report
        """The number of pairs read, and what the filters dropped."""

    @classmethod
    def read(
        cls,
        path: Path | str,
        languages: tuple[str, str],
        *,
        target: Path | str | None = None,
        columns: tuple[int, int] | None = None,
        links: Path | str | None = None,
        filters: FilterSettings | None = None,
        test_texts: Iterable[str] = (),
        limit: int | None = None,
        cache: Path | str | None = None,
    ) -> Bitext:
        """Read a bitext from files, each plain or with .gz.

        Args:
            path: a tsv file, a file of `source ||| target`, a TMX file, the source side, or a folder that contains
                the file of the language pair (`bitext_files`).
            languages: the codes of source and target.
            target: the target side, if it is a separate file.
            columns: the fields of source and target in a tsv file, from 0; None: 0 and 1 of two, 2 and 3 of
                four (corpus, id, source, target).
            links: a Pharaoh file of word links, one line per pair; None: the file next to `path` that ends in
                `.links` instead, if there is one.
            filters: the pairs to leave out; None: the defaults of `FilterSettings`.
            test_texts: texts of test sets; pairs that contain one are left out.
            limit: the maximum number of pairs to read, before filtering; None: all.
            cache: the folder for the text; None: memory.

        Raises:
            DataError: a file is malformed, or no pair is left.
            StorageError: the cache cannot be written.
        """
        source, other = Path(path), Path(target) if target else None
        if source.is_dir():
            source, other = bitext_files(source, languages)
        linked = Path(links) if links else find(source.with_name(f"{_stem(source)}.links"))
        wanted = _Filters(filters or FilterSettings(), sorted(set(test_texts)))
        pairs = read_pairs(source, other, languages=languages, columns=columns)
        if linked is not None:
            pairs = with_links(pairs, linked)
        pairs = itertools.islice(pairs, limit)
        folder = Path(cache) / _key([source, other, linked], [languages, columns, limit, wanted.key]) if cache else None
        return cls._build(pairs, wanted, languages=languages, folder=folder)

    @classmethod
    def from_pairs(
        cls,
        pairs: Iterable[tuple[str, str]],
        *,
        languages: tuple[str, str],
        links: Iterable[Links] | None = None,
        filters: FilterSettings | None = None,
        test_texts: Iterable[str] = (),
    ) -> Bitext:
        """Make a bitext in memory from pairs.

        Args:
            pairs: (source, target) sentences.
            languages: the codes of source and target.
            links: the word links of each pair, from 0; None: unknown.
            filters: the pairs to leave out; None: none.
            test_texts: texts of test sets; pairs that contain one are left out.

        Raises:
            DataError: no pair is left.
        """
        if links is None:
            made: Iterator[Pair] = (Pair(*pair) for pair in pairs)
        else:
            made = (Pair(*pair, link) for pair, link in zip(pairs, links, strict=True))
        wanted = _Filters(filters or NO_FILTERS, list(test_texts))
        return cls._build(made, wanted, languages=languages, folder=None)

    @classmethod
    def _build(
        cls, pairs: Iterator[Pair], filters: _Filters, *, languages: tuple[str, str], folder: Path | None
    ) -> Bitext:
        report = FilterReport()
        kept = _not_empty(clean(pairs, filters.settings, report=report, test_texts=filters.test_texts), report)
        if folder is None:
            return cls(text_store.in_memory(kept), languages=languages, report=report)
        if not folder.is_dir():
            text_store.write(kept, folder, note=lambda: {"read": report.read, "dropped": report.dropped})
        note = text_store.read_note(folder)
        report = FilterReport(note["read"], Counter(note["dropped"]))
        return cls(text_store.on_disk(folder), languages=languages, report=report)

    def __len__(self) -> int:
        return len(self._store)

    def __getitem__(self, index: int) -> tuple[str, str]:
        """Return (source, target) of one pair; negative indices count from the end."""
        return self._store.texts(self._place(index))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return (self._store.texts(index) for index in range(len(self)))

    def links(self, index: int) -> Links | None:
        """Return the word links of one pair, or None if the bitext has none."""
        return self._store.links_of(self._place(index))

    @property
    def linked(self) -> bool:
        """Whether the word links are known."""
        return len(self._store.link_offsets) > 1

    def with_links(self, links: Iterable[Sequence[tuple[int, int]]]) -> Bitext:
        """Return the same bitext with these word links, one sequence per pair, for example from an aligner."""
        made = (Pair(*pair, tuple(link)) for pair, link in zip(self, links, strict=True))
        return Bitext(text_store.in_memory(made), languages=self.languages, report=self.report)

    def __repr__(self) -> str:
        linked = ", with word links" if self.linked else ""
        return f"Bitext({'-'.join(self.languages)}, {len(self):,} pairs{linked})"

    def _place(self, index: int) -> int:
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"pair {index} of {len(self)}")
        return place


NO_FILTERS = FilterSettings(empty=False, max_characters=None, identical=False, max_ratio=None, duplicates=False)
"""Keeps every pair."""


def _not_empty(pairs: Iterator[Pair], report: FilterReport) -> Iterator[Pair]:
    """Yield pairs.

    Raises:
        DataError: there are none.
    """
    yield from pairs
    if report.kept == 0:
        raise DataError(f"no pair of the bitext is left: {report}")


def _stem(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).stem


def _key(files: Sequence[Path | None], settings: Sequence[object]) -> str:
    """Return the name of a cache entry: a hash of the files and of how they are read."""
    contents = [sha256(path) if path else None for path in files]
    identity = json.dumps([_SCHEMA, contents, settings], sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()[:32]
