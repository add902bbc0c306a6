"""The Encoder: a multilingual transformer and its tokenizer, with one interface for all families."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from torch import nn

from crosslift.compat import AutoModelForMaskedLM, PreTrainedModel, PreTrainedTokenizerBase, quiet
from crosslift.encoder import loading
from crosslift.encoder.family import family_of
from crosslift.encoder.inputs import Inputs, Tokens, pad
from crosslift.encoder.language_codes import known_language
from crosslift.encoder.scratch.config import preset_config
from crosslift.encoder.seeding import seeded
from crosslift.encoder.tokenization import Tokenization, set_token_types
from crosslift.encoder.transformer import Transformer
from crosslift.errors import CheckpointError, LanguageError

log = logging.getLogger(__name__)


class Encoder(Transformer):
    """A multilingual transformer and its tokenizer: from text to token states.

    Args:
        model: the model, with its masked-LM head if it has one, or with a task's head.
        tokenizer: the tokenizer it was trained with.
        pooler: a pre-trained pooler, kept for task heads that start from one; not part of any pass here.
        masked_head: whether `model` has a trained masked-LM head.
        name: its name in messages.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        pooler: nn.Module | None = None,
        masked_head: bool = False,
        name: str = "the encoder",
    ) -> None:
        super().__init__(model, pooler=pooler, masked_head=masked_head, name=name)
        self.tokenizer = tokenizer
        self.origin: tuple[str, str | None] = (name, None)
        """Checkpoint and revision, where a decoder or a pooling may be published."""
        self._language_ids = self.family.language_ids(self._config)
        self.tokenization = Tokenization(tokenizer, self._language_ids)
        self._check_vocabulary()
        set_token_types(tokenizer, wanted=self._segmented)

    @classmethod
    def load(cls, name: str | Path, *, revision: str | None = None) -> Self:
        """Load a checkpoint of a supported family from a directory or the hub, in fp32.

        Raises:
            CheckpointError: it cannot be reached, is of another family, has no tokenizer, or its weights do not
                match its configuration.
        """
        place = str(name)
        family = family_of(loading.load_config(place, revision), where=place)
        tokenizer = loading.load_tokenizer(place, revision)
        loaded = loading.load_model(place, family, revision=revision)
        pooler = loading.load_pooler(place, loaded, revision=revision)
        model: Any = loaded.model
        masked_head = family.masked_head is not None
        if any(not loading.in_base(model, key) for key in loaded.lacks):
            log.warning("%s: the checkpoint has no masked-LM head; only its transformer is used", place)
            model, masked_head = model.base_model, False
        made = cls(model.eval(), tokenizer, pooler=pooler, masked_head=masked_head, name=place)
        made.origin = (place, revision)
        return made

    @classmethod
    def scratch(cls, preset: str, tokenizer: PreTrainedTokenizerBase, *, seed: int) -> Self:
        """Return an encoder of a preset shape with random weights: "lab", "mini", "small" or "base"."""
        config = preset_config(preset, tokenizer)
        with seeded(seed):
            model: Any = AutoModelForMaskedLM.from_config(config)  # type: ignore[no-untyped-call]
        return cls(model.eval(), tokenizer, masked_head=True, name=f"scratch:{preset}")

    @property
    def max_length(self) -> int:
        """Length of the longest input, including special tokens."""
        return min(int(self.tokenizer.model_max_length), self.family.longest_input(self._config))

    @property
    def pad_id(self) -> int:
        """Id of the padding token."""
        return self._token("pad")

    @property
    def mask_id(self) -> int:
        """Id of the mask token.

        Raises:
            CheckpointError: the tokenizer has none.
        """
        return self._token("mask")

    @property
    def special_ids(self) -> frozenset[int]:
        """Ids of all special tokens."""
        return frozenset(self.tokenizer.all_special_ids)

    @property
    def languages(self) -> tuple[str, ...] | None:
        """Codes of the languages that have a language embedding; None for a model without language embeddings."""
        return None if self._language_ids is None else tuple(self._language_ids)

    def tokenize(
        self,
        texts: Sequence[str],
        seconds: Sequence[str] | None = None,
        *,
        max_length: int | None = None,
        language: str | None = None,
    ) -> list[Tokens]:
        """Tokenize texts, or pairs of texts, without padding.

        Args:
            texts: first texts.
            seconds: second texts, one for each first text.
            max_length: maximum number of tokens, including special ones, within what the model takes.  The longer
                text of a pair is cut first.
            language: the language of all texts.  XLM with language embeddings needs it; translation models write a
                token for it, and use their tokenizer's source language if it is None.

        Raises:
            LanguageError: the model has no such language.
        """
        limit = self._limit(max_length)
        return self.tokenization.texts(texts, seconds, max_length=limit, language=language)

    def tokenize_whole(self, texts: Sequence[str], *, language: str | None = None) -> list[Tokens]:
        """Tokenize texts that are joined later: nothing is cut, so a result may be longer than the model takes."""
        return self.tokenization.texts(texts, None, max_length=None, language=language)

    def tokenize_words(
        self,
        words: Sequence[Sequence[str]],
        *,
        max_length: int | None = None,
        language: str | None = None,
    ) -> list[Tokens]:
        """Tokenize sentences that are split into words, with `Tokens.words` filled.

        Nothing is cut unless `max_length` is given, so a result may be longer than `self.max_length`; after a cut
        `Tokens.words_fitted` is the number of words that have a token.  Every word has at least one token: the
        unknown token if the tokenizer drops all its characters.
        """
        limit = None if max_length is None else self._limit(max_length)
        return self.tokenization.words(words, max_length=limit, language=language)

    def join(self, first: Tokens, second: Tokens, *, max_length: int | None = None) -> Tokens:
        """Return the pair of two tokenized texts; equals tokenizing the two texts as a pair.

        `Tokens.words`, if any, starts again from 0 in the second text; `segments` distinguishes the texts.
        """
        return self.tokenization.join(first, second, max_length=self._limit(max_length))

    def collate(self, tokens: Sequence[Tokens]) -> Inputs:
        """Pad to the longest and stack: (batch, length), on the CPU.

        Raises:
            LanguageError: the model has language embeddings, and a row has no language.
        """
        ids = pad([row.ids for row in tokens], self.pad_id)
        return Inputs(
            ids=ids,
            mask=pad([(1,) * len(row) for row in tokens], 0),
            special=pad([row.special for row in tokens], 1).bool(),
            segments=pad([row.segments for row in tokens], 0) if self._segmented else None,
            languages=None if self._language_ids is None else pad([self._languages(row) for row in tokens], 0),
        )

    def save(self, directory: str | Path) -> None:
        """Write an ordinary transformers checkpoint (safetensors) with its tokenizer."""
        with quiet():
            self.model.save_pretrained(directory, state_dict=self.state())
            self.tokenizer.save_pretrained(str(directory))

    def _token(self, role: str) -> int:
        token = getattr(self.tokenizer, f"{role}_token_id")
        if token is None:
            raise CheckpointError(f"{self.name}: the tokenizer has no {role} token, which this needs")
        return int(token)

    def _limit(self, max_length: int | None) -> int:
        return self.max_length if max_length is None else min(max_length, self.max_length)

    def _languages(self, row: Tokens) -> list[int]:
        codes = (row.language, row.second_language or row.language)
        if self._language_ids is None or codes[0] is None:
            raise LanguageError(
                f"{self.name} has language embeddings, so every text needs its language "
                f"(one of {', '.join(self.languages or ())}); give `language` when tokenizing"
            )
        ids = [self._language_ids[known_language(code, self._language_ids)] for code in codes if code is not None]
        return [ids[segment] for segment in row.segments]

    def _check_vocabulary(self) -> None:
        if len(self.tokenizer) > self.vocabulary_size:
            raise CheckpointError(
                f"{self.name}: the tokenizer does not belong to the model: it has {len(self.tokenizer)} tokens, the "
                f"embedding matrix has {self.vocabulary_size} rows"
            )
