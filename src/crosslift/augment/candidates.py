"""Candidates to replace the words of a lexicon: their translations, or their neighbours in noisy word vectors."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from pydantic import BaseModel, Field
from torch import Tensor, nn

from crosslift.augment.words import WordCodec
from crosslift.data.lexicon import Lexicon, lab_world, open_lexicon
from crosslift.data.lexicon_induction import Noise, induce, precision_at_1
from crosslift.data.word_vectors import WordVectors
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import pad
from crosslift.errors import RecipeError
from crosslift.io.text import lines

log = logging.getLogger(__name__)

_NONE = -1
_LANGUAGE = "{language}"
_BLOCK = 4_096
"""Number of words embedded at a time."""
_LAB_PASSAGES = 6_000
"""Number of passages of lab text to train vectors on, in a language with full resources."""


class CandidateSettings(BaseModel):
    """Settings of the source of candidates, shared by all methods that use them."""

    lexicon: str = Field(
        "lab", description='known translations: a file or folder, or "lab" ("lab:1": the lab with world seed 1)'
    )
    languages: tuple[str, ...] | None = Field(None, description="languages of the candidates; none: all of the lexicon")
    candidates: Literal["encoder", "text", "vectors", "lexicon"] = Field(
        "encoder",
        description="neighbours among the encoder's input embeddings, among vectors trained on the text of `path`, or "
        "among vectors read from `path`, mapped by the lexicon; or the lexicon's translations",
    )
    path: str | None = Field(
        None, description="files of text or vectors, with {language} in the name; not needed for lab text"
    )
    dimensions: int = Field(100, ge=1, description="dimensions of vectors trained on text")
    neighbours: int = Field(8, ge=1, description="number of candidates per word and language")
    min_cosine: float | None = Field(None, description="minimum cosine of a neighbour; none: any")
    noise: float = Field(0.1, ge=0, description="length of the noise on a source vector of length 1 (sigma)")
    mapping_noise: float = Field(0.0, ge=0, description="Frobenius norm of the error of the map (rho)")
    seed_share: float = Field(1.0, gt=0, le=1, description="share of the lexicon that the map is fitted to")
    noise_seed: int = Field(0, ge=0, description="seed of the noise and of the choice of seed words")


class Candidates(nn.Module):
    """The table of candidates, as buffers, so that a resumed stage continues with the same ones.

    Args:
        lexicon: the candidates of each word, best first.
        encoder: tokenizes the candidates.
        words: the words of the table, in its order.
        limit: maximum number of candidates per word and language.
        precision: share of words whose first candidate is correct, by language; 1.0 for a gold lexicon.
    """

    def __init__(
        self, lexicon: Lexicon, encoder: Encoder, words: Sequence[str], *, limit: int, precision: dict[str, float]
    ) -> None:
        super().__init__()
        written = WordCodec(encoder)
        targets = dict.fromkeys(word for language in lexicon.languages for word in lexicon.words_of(language))
        written.prepare(targets)
        rows = {word: row for row, word in enumerate(word for word in targets if written.subwords(word))}
        found = [
            [rows[other] for other in lexicon.translations(word, language) if other in rows][:limit]
            for language in lexicon.languages
            for word in words
        ]
        table = pad([*found, [_NONE]], _NONE)[:-1].view(len(lexicon.languages), len(words), -1)
        self.table: Tensor
        self.subwords: Tensor
        self.scores: Tensor
        self.register_buffer("table", table)
        self.register_buffer("subwords", pad([written.subwords(word) for word in rows] or [(_NONE,)], _NONE))
        self.register_buffer("scores", torch.tensor([precision[language] for language in lexicon.languages]))
        self.languages = lexicon.languages

    @property
    def precision(self) -> dict[str, float]:
        """Precision@1 of the candidates by language, the opposite of their noise."""
        return dict(zip(self.languages, self.scores.tolist(), strict=True))

    def forward(self, entries: Tensor, languages: Tensor) -> Tensor:
        """Return the subwords of the candidates.

        Args:
            entries: (batch, words): rows of the table, -1 for words that are not in it.
            languages: (batch, words): indices of languages.

        Returns:
            (batch, words, candidates, subwords), padded with -1.
        """
        rows = self.table[languages, entries.clamp(min=0)].masked_fill((entries == _NONE).unsqueeze(-1), _NONE)
        return self.subwords[rows.clamp(min=0)].masked_fill((rows == _NONE).unsqueeze(-1), _NONE)


def make_candidates(settings: CandidateSettings, encoder: Encoder) -> Candidates:
    """Return the candidates described by settings, and log their precision.

    Raises:
        DataError: a file of the lexicon, of text or of vectors is wrong.
        RecipeError: `path` is missing, or has no placeholder for the language.
    """
    gold = open_lexicon(settings.lexicon, settings.languages)
    found = gold if settings.candidates == "lexicon" else _induced(settings, encoder, gold)
    precision = precision_at_1(found, gold)
    log.info("candidates have precision@1 %s", ", ".join(f"{code} {value:.3f}" for code, value in precision.items()))
    return Candidates(found, encoder, gold.words, limit=settings.neighbours, precision=precision)


def held_out_precision(settings: CandidateSettings, encoder: Encoder) -> dict[str, float]:
    """Return precision@1 on the words held out from fitting the map, by language.

    Raises:
        RecipeError: `seed_share` holds no words out.
    """
    gold = open_lexicon(settings.lexicon, settings.languages)
    if settings.seed_share == 1:
        raise RecipeError("seed_share: found 1, which holds no word out; expected less than 1")
    unseen = gold.split(settings.seed_share, seed=settings.noise_seed)[1]
    return precision_at_1(_induced(settings, encoder, gold), unseen)


def _induced(settings: CandidateSettings, encoder: Encoder, gold: Lexicon) -> Lexicon:
    vectors = {code: _vectors(settings, encoder, gold, code) for code in (gold.source, *gold.languages)}
    return induce(
        vectors,
        gold.split(settings.seed_share, seed=settings.noise_seed)[0],
        translations=settings.neighbours,
        min_similarity=settings.min_cosine,
        noise=Noise(settings.noise, settings.mapping_noise),
        seed=settings.noise_seed,
    )


def _vectors(settings: CandidateSettings, encoder: Encoder, gold: Lexicon, language: str) -> WordVectors:
    if settings.candidates == "encoder":
        return embedded(gold.words if language == gold.source else gold.words_of(language), encoder)
    if settings.candidates == "vectors":
        return WordVectors.read(_file(settings, language))
    return WordVectors.train(_text(settings, language), dimensions=settings.dimensions, seed=settings.noise_seed)


def _text(settings: CandidateSettings, language: str) -> Iterable[str]:
    world = lab_world(settings.lexicon)
    if settings.path is None and world is not None:
        return world.text(language, round(_LAB_PASSAGES * world.language(language).resources))
    return (line for _, line in lines(_file(settings, language)))


def embedded(words: Sequence[str], encoder: Encoder) -> WordVectors:
    """Return the mean input embedding of the subwords of each word, (words, embedding); unknown words are left out."""
    written = WordCodec(encoder)
    written.prepare(words)
    known = [word for word in words if written.subwords(word)]
    blocks = [torch.zeros(0, mean_embeddings(encoder, torch.zeros(0, 1, dtype=torch.long)).shape[-1])]
    with torch.no_grad():
        for start in range(0, len(known), _BLOCK):
            ids = pad([written.subwords(word) for word in known[start : start + _BLOCK]], _NONE)
            blocks.append(mean_embeddings(encoder, ids.to(encoder.device)).float().cpu())
    return WordVectors(tuple(known), torch.cat(blocks).numpy())


def mean_embeddings(encoder: Encoder, subwords: Tensor) -> Tensor:
    """Return the mean embedding of subwords.

    Args:
        encoder: embeds the subwords.
        subwords: (..., subwords), padded with -1.

    Returns:
        (..., embedding); zero for a word without subwords.
    """
    real = (subwords != _NONE).unsqueeze(-1)
    summed = (encoder.embed(subwords.clamp(min=0)) * real).sum(dim=-2)
    return summed / real.sum(dim=-2).clamp(min=1)


def _file(settings: CandidateSettings, language: str) -> str:
    if settings.path is None or _LANGUAGE not in settings.path:
        raise RecipeError(
            f"path: candidates = '{settings.candidates}' reads one file per language; expected a path with "
            f"{_LANGUAGE} in it, such as vectors/wiki.{_LANGUAGE}.vec (found {settings.path!r})"
        )
    return settings.path.replace(_LANGUAGE, language)
