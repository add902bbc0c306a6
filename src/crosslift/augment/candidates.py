"""What each word of a lexicon may be replaced by: its translations, or its neighbours in noisy word vectors."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from pydantic import BaseModel, Field
from torch import Tensor, nn

from crosslift.augment.words import WordPieces
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
"""Words embedded at a time."""
_LAB_PASSAGES = 6_000
"""Passages of lab text that vectors are trained on, in a language with full resources."""


class CandidateSettings(BaseModel):
    """Settings of where candidates come from, for every method that has some."""

    lexicon: str = Field("lab", description='known translations: a file or folder, or "lab" ("lab:1": of world seed 1)')
    languages: tuple[str, ...] | None = Field(None, description="to replace words by; none: all of the lexicon")
    candidates: Literal["encoder", "text", "vectors", "lexicon"] = Field(
        "encoder",
        description="candidates are neighbours among the encoder's input embeddings, vectors trained on `path`'s text, "
        "or vectors read from `path`, mapped by the lexicon; or the lexicon's own translations",
    )
    path: str | None = Field(None, description="files of text or vectors, with {language} in it; lab text needs none")
    dimensions: int = Field(100, ge=1, description="of vectors trained on text")
    neighbours: int = Field(8, ge=1, description="candidates a word and language")
    min_cosine: float | None = Field(None, description="of a neighbour; none: any")
    noise: float = Field(0.1, ge=0, description="length of the noise on a source vector of length 1 (sigma)")
    mapping_noise: float = Field(0.0, ge=0, description="Frobenius norm of the error of the map (rho)")
    seed_share: float = Field(1.0, gt=0, le=1, description="share of the lexicon that the map is fitted to")
    noise_seed: int = Field(0, ge=0, description="of the noise and of the seed words")


class Candidates(nn.Module):
    """The table of candidates as buffers, so that a resumed stage goes on with the same ones.

    Args:
        lexicon: the candidates of each word, best first.
        encoder: whose pieces they are written in.
        words: the table's words, in its order.
        limit: candidates a word and language at most.
        precision: share of words whose first candidate is right, by language; 1.0 for a gold lexicon.
    """

    def __init__(
        self, lexicon: Lexicon, encoder: Encoder, words: Sequence[str], *, limit: int, precision: dict[str, float]
    ) -> None:
        super().__init__()
        written = WordPieces(encoder)
        targets = dict.fromkeys(word for language in lexicon.languages for word in lexicon.words_of(language))
        written.know(targets)
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
        """Precision@1 of the candidates by language: how noisy they are."""
        return dict(zip(self.languages, self.scores.tolist(), strict=True))

    def forward(self, entries: Tensor, languages: Tensor) -> Tensor:
        """Return pieces, -1 where there are none: (batch, words, candidates, pieces).

        Args:
            entries: (batch, words): rows of the table, -1 for words that are not in it.
            languages: (batch, words).
        """
        rows = self.table[languages, entries.clamp(min=0)].masked_fill((entries == _NONE).unsqueeze(-1), _NONE)
        return self.subwords[rows.clamp(min=0)].masked_fill((rows == _NONE).unsqueeze(-1), _NONE)


def make_candidates(settings: CandidateSettings, encoder: Encoder) -> Candidates:
    """Return the candidates that settings describe, and log how precise they are.

    Raises:
        DataError: a file of the lexicon, of text or of vectors.
        RecipeError: `path` is missing or does not say where the language stands.
    """
    gold = open_lexicon(settings.lexicon, settings.languages)
    found = gold if settings.candidates == "lexicon" else _induced(settings, encoder, gold)
    precision = precision_at_1(found, gold)
    log.info("candidates have precision@1 %s", ", ".join(f"{code} {value:.3f}" for code, value in precision.items()))
    return Candidates(found, encoder, gold.words, limit=settings.neighbours, precision=precision)


def held_out_precision(settings: CandidateSettings, encoder: Encoder) -> dict[str, float]:
    """Return precision@1 on the words that the map was not fitted to, by language.

    Raises:
        RecipeError: `seed_share` leaves no words out.
    """
    gold = open_lexicon(settings.lexicon, settings.languages)
    if settings.seed_share == 1:
        raise RecipeError("seed_share is 1, so no word is held out; give a smaller one")
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
    """Return the mean input embedding of each word's pieces; words that the tokenizer cannot write are left out."""
    written = WordPieces(encoder)
    written.know(words)
    known = [word for word in words if written.subwords(word)]
    blocks = [torch.zeros(0, mean_embeddings(encoder, torch.zeros(0, 1, dtype=torch.long)).shape[-1])]
    with torch.no_grad():
        for start in range(0, len(known), _BLOCK):
            ids = pad([written.subwords(word) for word in known[start : start + _BLOCK]], _NONE)
            blocks.append(mean_embeddings(encoder, ids.to(encoder.device)).float().cpu())
    return WordVectors(tuple(known), torch.cat(blocks).numpy())


def mean_embeddings(encoder: Encoder, subwords: Tensor) -> Tensor:
    """Return the mean embedding of pieces (..., pieces), where -1 is none: (..., width); zero for no piece at all."""
    real = (subwords != _NONE).unsqueeze(-1)
    summed = (encoder.embed(subwords.clamp(min=0)) * real).sum(dim=-2)
    return summed / real.sum(dim=-2).clamp(min=1)


def _file(settings: CandidateSettings, language: str) -> str:
    if settings.path is None or _LANGUAGE not in settings.path:
        raise RecipeError(
            f"path: candidates = '{settings.candidates}' reads a file a language; expected a path with {_LANGUAGE} in "
            f"it, such as vectors/wiki.{_LANGUAGE}.vec (found {settings.path!r})"
        )
    return settings.path.replace(_LANGUAGE, language)
