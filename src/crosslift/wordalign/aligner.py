"""The statistical word aligner: no GPU, any language, millions of pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import config as numba_config
from pydantic import ValidationError

from crosslift.data.pairs import Links
from crosslift.errors import DataError, InputError, RecipeError, unknown
from crosslift.wordalign import saved, units
from crosslift.wordalign.corpus import Corpus, Reader, Side, Vocabulary
from crosslift.wordalign.expectation import Expectation, Expected
from crosslift.wordalign.kernels.symmetrize import symmetrize_all
from crosslift.wordalign.settings import AlignerSettings, ModelType, Symmetrization
from crosslift.wordalign.slots import number
from crosslift.wordalign.symmetrization import checked
from crosslift.wordalign.training import Progress, Trained, apply, train

if TYPE_CHECKING:
    from crosslift.wordalign.shards import Shards

BATCH_PAIRS = 50_000
"""Number of pairs aligned at a time in a stream."""

TextPairs = Iterable[tuple[str | Sequence[str], str | Sequence[str]]]
"""Sentence pairs: a Bitext, pairs of texts, or pairs of unit sequences."""


class Alignment(NamedTuple):
    """The links of a pair, and its likelihood under the model."""

    links: Links
    score: float
    """Mean log-likelihood per word over both directions, natural logarithm; 0 for a pair without links."""


class WordAligner:
    """Links words that translate each other.

    Args:
        model_type: "hmm", a hidden Markov model trained to agree in both directions, or "fast", that of fast_align.
        tokenizer: a transformers tokenizer whose subwords are aligned; None: words separated by spaces.
        lexicon: pairs of words (source, target) that are known to translate each other.
        threads: number of CPU threads, which does not affect the links.  None: all available ones.
        workers: number of processes that share the work through Ray; 1: this process only.
        settings: see AlignerSettings.

    Raises:
        RecipeError: a setting that is not valid.

    >>> aligner = WordAligner(threads=1)
    >>> pairs = [("das Haus", "the house"), ("das Buch", "the book"), ("ein Buch", "a book")]
    >>> [alignment for alignment in aligner.fit(pairs).align(pairs)][1]
    ((0, 0), (1, 1))
    """

    def __init__(
        self,
        model_type: ModelType = "hmm",
        *,
        tokenizer: Any = None,
        lexicon: Iterable[tuple[str, str]] = (),
        threads: int | None = None,
        workers: int = 1,
        **settings: Any,
    ) -> None:
        if tokenizer is not None:  # subwords carry marks that are not punctuation of the text
            settings = {"strip_punctuation": False, **settings}
        self.settings = _settings(model_type, settings)
        self.units = units.subwords(tokenizer) if tokenizer is not None else units.words
        self.unit_name = units.name(tokenizer)
        """Name of the units, as recorded in a saved model."""
        self.lexicon = list(lexicon)
        self.threads = _threads(threads)
        self.workers = workers
        self.trained: Trained | None = None
        self.history: list[Progress] = []
        """Progress of each pass of the last training."""
        self.skipped = 0
        """Number of pairs longer than `max_length` in the last training or alignment."""

    def fit(self, pairs: TextPairs, *, report: Callable[[Progress], None] | None = None) -> WordAligner:
        """Learn from sentence pairs.

        Args:
            pairs: a Bitext, pairs of texts, or pairs of sequences of units.
            report: called after each pass.

        Raises:
            DataError: no pair has words on both sides.
        """
        self._train(pairs, report)
        return self

    def fit_align(
        self,
        pairs: TextPairs,
        *,
        symmetrize: Symmetrization = "grow-diag-final-and",
        report: Callable[[Progress], None] | None = None,
    ) -> Iterator[Alignment]:
        """Learn from sentence pairs and yield their alignments, in order; the text is read once.

        The model is trained when this returns; only the links are assembled lazily.
        """
        method = checked(symmetrize)
        corpus, expected = self._train(pairs, report, decode=True)
        assert expected is not None
        return _alignments(corpus, expected, method)

    def align(self, pairs: TextPairs, *, symmetrize: Symmetrization = "grow-diag-final-and") -> Iterator[Links]:
        """Yield the links of each pair, in order, without learning from the pairs.

        Raises:
            InputError: nothing has been learned yet.
            RecipeError: no such symmetrization.
        """
        return (alignment.links for alignment in self.align_scored(pairs, symmetrize=symmetrize))

    def align_scored(
        self, pairs: TextPairs, *, symmetrize: Symmetrization = "grow-diag-final-and"
    ) -> Iterator[Alignment]:
        """Yield the links of each pair with a score; see `align`."""
        if self.trained is None:
            raise InputError("this aligner has learned nothing yet; call fit, or load a model")
        return self._stream(self.trained, pairs, checked(symmetrize))

    def save(self, path: Path | str) -> None:
        """Write the model to a file (numpy's npz, no pickle), replacing an existing one.

        Raises:
            InputError: nothing has been learned yet.
            StorageError: it cannot be written.
        """
        if self.trained is None:
            raise InputError("this aligner has learned nothing yet; call fit, or load a model")
        saved.write(Path(path), saved.Model(self.settings, self.trained, self.lexicon, self.unit_name))

    @classmethod
    def load(cls, path: Path | str, *, tokenizer: Any = None, threads: int | None = None) -> WordAligner:
        """Return the aligner saved in a file.

        Args:
            path: a file written by `save`.
            tokenizer: the tokenizer it was trained with, if any.
            threads: see the class.

        Raises:
            DataError: the file is missing, is not a saved aligner, or was trained on other units.
        """
        model = saved.read(Path(path))
        aligner = cls(tokenizer=tokenizer, lexicon=model.lexicon, threads=threads)
        if aligner.unit_name != model.units:
            raise DataError(f"{path}: the model aligns {model.units}; expected {aligner.unit_name}")
        aligner.settings, aligner.trained = model.settings, model.trained
        return aligner

    def _train(
        self, pairs: TextPairs, report: Callable[[Progress], None] | None, *, decode: bool = False
    ) -> tuple[Corpus, Expected | None]:
        vocabularies = (Vocabulary(), Vocabulary())
        corpus = self._read(pairs, vocabularies)
        if not len(corpus.source.ids):
            raise DataError(
                f"word aligner: no pair to learn from: found {len(corpus)} pairs, {self.skipped} of them too long"
            )
        words = (list(vocabularies[0]), list(vocabularies[1]))
        expectation = self._expectation(corpus, (len(words[0]), len(words[1])))
        self.history = []

        def note(progress: Progress) -> None:
            self.history.append(progress)
            if report is not None:
                report(progress)

        self.trained, lexical = train(
            corpus,
            expectation.slots,
            words,
            self.settings,
            expect=lambda model, lexical, decode: expectation.run(model, lexical, decode=decode),
            lexicon=self._entries(vocabularies),
            report=note,
        )
        return corpus, expectation.run(self.trained.distortion, lexical, decode=True) if decode else None

    def _expectation(self, corpus: Corpus, types: tuple[int, int]) -> Expectation | Shards:
        if self.workers == 1:
            return Expectation(corpus, number(corpus, *types), threads=self.threads)
        from crosslift.wordalign.shards import Shards

        return Shards(corpus, types, workers=self.workers, threads=self.threads)

    def _stream(self, trained: Trained, pairs: TextPairs, method: int) -> Iterator[Alignment]:
        self.skipped = 0
        iterator = iter(pairs)
        while batch := list(islice(iterator, BATCH_PAIRS)):
            vocabularies = (Vocabulary(trained.words[0]), Vocabulary(trained.words[1]))
            skipped = self.skipped
            corpus = self._read(batch, vocabularies)
            self.skipped += skipped
            words = (list(vocabularies[0]), list(vocabularies[1]))
            slots = number(corpus, len(words[0]), len(words[1]))
            lexical = apply(trained, slots, words, self.settings, self._entries(vocabularies))
            expected = Expectation(corpus, slots, threads=self.threads).run(trained.distortion, lexical, decode=True)
            yield from _alignments(corpus, expected, method)

    def _read(self, pairs: TextPairs, vocabularies: tuple[Vocabulary, Vocabulary]) -> Corpus:
        """Return pairs as ids of forms; a form is computed once per word, not once per token."""
        raw = (Vocabulary(), Vocabulary())
        corpus = Reader(*raw, max_length=self.settings.max_length).read(units.split_pairs(pairs, self.units))
        self.skipped = corpus.skipped
        sides = []
        for side, words, forms in zip((corpus.source, corpus.target), raw, vocabularies, strict=True):
            ids = np.fromiter((forms[units.form(unit, self.settings)] for unit in words), np.int32, len(words))
            sides.append(Side(ids[side.ids], side.offsets))
        return replace(corpus, source=sides[0], target=sides[1])

    def _entries(self, vocabularies: tuple[Vocabulary, Vocabulary]) -> Iterator[tuple[int, int]]:
        """Yield the lexicon's pairs both of whose words occur."""
        named = partial(units.form, settings=self.settings)
        for source, target in ((named(source), named(target)) for source, target in self.lexicon):
            if source in vocabularies[0] and target in vocabularies[1]:
                yield vocabularies[0][source], vocabularies[1][target]


def _alignments(corpus: Corpus, expected: Expected, method: int) -> Iterator[Alignment]:
    """Yield the alignment of each pair; links are assembled in chunks of pairs."""
    for start in range(0, len(corpus), BATCH_PAIRS):
        end = min(start + BATCH_PAIRS, len(corpus))
        source, target = corpus.source.offsets[start : end + 1], corpus.target.offsets[start : end + 1]
        links, starts = symmetrize_all(
            expected.forward[target[0] : target[-1]],
            expected.reverse[source[0] : source[-1]],
            source - source[0],
            target - target[0],
            method,
        )
        flat, edges = list(zip(links[:, 0].tolist(), links[:, 1].tolist(), strict=True)), starts.tolist()
        tokens = np.maximum(1, np.diff(source) + np.diff(target))
        scores = (expected.likelihood[start:end].sum(axis=1) / tokens).tolist()
        for index, score in enumerate(scores):
            yield Alignment(tuple(flat[edges[index] : edges[index + 1]]), score)


def _settings(model_type: str, given: dict[str, Any]) -> AlignerSettings:
    wrong = sorted(set(given) - set(AlignerSettings.model_fields))
    if wrong:
        raise RecipeError(f"word aligner: {unknown('setting', wrong[0], AlignerSettings.model_fields)}")
    try:
        return AlignerSettings.model_validate({"model_type": model_type, **given})
    except ValidationError as error:
        first = error.errors()[0]
        raise RecipeError(f"word aligner: {first['loc'][0]}: {first['msg']} (found {first['input']!r})") from error


def _threads(wanted: int | None) -> int:
    there = int(numba_config.NUMBA_NUM_THREADS)
    if wanted is None:
        return there
    if not 1 <= wanted <= there:
        raise RecipeError(
            f"threads: found {wanted}; expected 1 to {there} (the environment variable NUMBA_NUM_THREADS, read when "
            "Python starts, sets the limit)"
        )
    return wanted
