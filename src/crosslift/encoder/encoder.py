"""The Encoder: one small view of a multilingual transformer and its tokenizer, whatever the family."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from crosslift.compat import AutoModelForMaskedLM, PreTrainedModel, PreTrainedTokenizerBase, quiet
from crosslift.encoder import loading
from crosslift.encoder.families import (
    WITH_MASKED_HEAD,
    family_of,
    has_segments,
    language_codes,
    longest_input,
)
from crosslift.encoder.inputs import Inputs, Tokens, pad
from crosslift.encoder.pooling import pool
from crosslift.encoder.scratch.config import preset_config
from crosslift.encoder.tokenization import Tokenization, known_language, set_token_types
from crosslift.errors import CheckpointError, LanguageError

log = logging.getLogger(__name__)


class Encoder:
    """A multilingual transformer and its tokenizer.

    Every pass starts from word embeddings, so a method that perturbs or mixes them goes the same way as one that does
    not: ``encode(inputs)`` is ``encode(inputs, embed(inputs.ids))``.

    Args:
        model: the model, with its masked-LM head if it has one, or with a task's head.
        tokenizer: the tokenizer it was trained with.
        pooler: a pre-trained pooler, kept for task heads that start from one; not part of any pass here.
        masked_head: whether `model` has a trained masked-LM head.
        name: what messages call it.
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
        config: Any = model.config
        self.model = model
        self.tokenizer = tokenizer
        self.pooler = pooler
        self.name = name
        self.rows: Tensor | None = None
        """The embedding row of each token id while the vocabulary is cut (`encoder.vocabulary`)."""
        self.origin: tuple[str, str | None] = (name, None)  # checkpoint, revision: where its decoder is, if any
        self._family = family_of(config, where=name)
        self._masked_head = masked_head
        self._segmented = has_segments(config, self._family)
        self._language_ids = language_codes(config, self._family)
        self._tokenization = Tokenization(tokenizer, self._language_ids)
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
    def base(self) -> PreTrainedModel:
        """The bare transformer."""
        return self.model.base_model  # type: ignore[return-value]

    @property
    def family(self) -> str:
        """bert, xlm, roberta, deberta, modernbert, t5 or m2m100."""
        return self._family.name

    @property
    def hidden_size(self) -> int:
        """Width of the hidden states."""
        return int(self._config.hidden_size)

    @property
    def embedding_size(self) -> int:
        """Width of the word embeddings: less than that of the states in some DeBERTas."""
        return int(self._embedding.weight.shape[1])

    @property
    def layers(self) -> int:
        """Number of transformer layers."""
        return int(self._config.num_hidden_layers)

    @property
    def vocabulary_size(self) -> int:
        """Rows of the embedding matrix; may exceed what the tokenizer uses."""
        return int(self._embedding.weight.shape[0])

    @property
    def max_length(self) -> int:
        """The longest input, special tokens included."""
        return min(int(self.tokenizer.model_max_length), longest_input(self._config, self._family))

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
    def device(self) -> torch.device:
        """Where the weights are."""
        return cast("torch.device", self._embedding.weight.device)

    @property
    def has_masked_language_model(self) -> bool:
        """Whether there is a trained masked-LM head."""
        return self._masked_head

    @property
    def has_own_heads(self) -> bool:
        """Whether task heads are crosslift's own, because transformers has none for this encoder half."""
        return self._family.half is not None

    @property
    def languages(self) -> tuple[str, ...] | None:
        """Codes of the languages with an embedding of their own; None where there are none (only XLM has them)."""
        return None if self._language_ids is None else tuple(self._language_ids)

    def tokenize(
        self,
        texts: Sequence[str],
        seconds: Sequence[str] | None = None,
        *,
        max_length: int | None = None,
        language: str | None = None,
    ) -> list[Tokens]:
        """Tokenise texts, or pairs of texts, without padding.

        Args:
            texts: first texts.
            seconds: second texts, as many.
            max_length: tokens at most, special ones included, and never more than the model takes.  The longest text
                of a pair is cut first.
            language: the language of all texts.  XLM with language embeddings needs it; translation models write a
                token for it, and take their tokenizer's source language if it is None.

        Raises:
            LanguageError: the model has no such language.
        """
        limit = self._limit(max_length)
        return self._tokenization.texts(texts, seconds, max_length=limit, language=language)

    def tokenize_whole(self, texts: Sequence[str], *, language: str | None = None) -> list[Tokens]:
        """Tokenise texts that are joined later: nothing is cut, so a result may be longer than the model takes."""
        return self._tokenization.texts(texts, None, max_length=None, language=language)

    def tokenize_words(
        self,
        words: Sequence[Sequence[str]],
        *,
        max_length: int | None = None,
        language: str | None = None,
    ) -> list[Tokens]:
        """Tokenise sentences that come as words, with `Tokens.words` filled.

        Nothing is cut unless `max_length` is given, so a result may be longer than `self.max_length`; after a cut
        `Tokens.words_fitted` says how many words have a token.  Every word has at least one token: the unknown token
        if the tokenizer drops all its characters.
        """
        limit = None if max_length is None else self._limit(max_length)
        return self._tokenization.words(words, max_length=limit, language=language)

    def join(self, first: Tokens, second: Tokens, *, max_length: int | None = None) -> Tokens:
        """Return the pair of two tokenised texts; equals tokenising the two texts as a pair.

        `Tokens.words`, if any, keeps counting from 0 in each text; `segments` tells the texts apart.
        """
        return self._tokenization.join(first, second, max_length=self._limit(max_length))

    def collate(self, tokens: Sequence[Tokens]) -> Inputs:
        """Pad to the longest and stack: (batch, length), on the CPU.

        Raises:
            LanguageError: the model has language embeddings, and a row does not say its language.
        """
        ids = pad([row.ids for row in tokens], self.pad_id)
        return Inputs(
            ids=ids,
            mask=pad([(1,) * len(row) for row in tokens], 0),
            special=pad([row.special for row in tokens], 1).bool(),
            segments=pad([row.segments for row in tokens], 0) if self._segmented else None,
            languages=None if self._language_ids is None else pad([self._languages(row) for row in tokens], 0),
        )

    def embed(self, ids: Tensor) -> Tensor:
        """Return word embeddings, scaled where the family scales them, before positions are added.

        Args:
            ids: (batch, length).

        Returns:
            (batch, length, hidden); the width is the embedding size where a DeBERTa has a smaller one.
        """
        return self._embedding(ids if self.rows is None else self.rows[ids])  # type: ignore[no-any-return]

    def arguments(self, inputs: Inputs, embeddings: Tensor | None = None) -> dict[str, Tensor]:
        """Return what the family's forward pass is called with."""
        arguments = {
            "inputs_embeds": self.embed(inputs.ids) if embeddings is None else embeddings,
            "attention_mask": inputs.mask,
        }
        if inputs.segments is not None and self._segmented:
            arguments["token_type_ids"] = inputs.segments
        if inputs.languages is not None:
            arguments["langs"] = inputs.languages
        return arguments

    def hidden_states(self, inputs: Inputs, embeddings: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return the states before the first layer and after each: layers + 1 of (batch, length, hidden).

        Args:
            inputs: (batch, length) fields, on the model's device.
            embeddings: word embeddings to use instead of `embed(inputs.ids)`.
        """
        output = self.base(**self.arguments(inputs, embeddings), output_hidden_states=True)
        return tuple(output.hidden_states)

    def encode(self, inputs: Inputs, embeddings: Tensor | None = None) -> Tensor:
        """Return the last layer's states, (batch, length, hidden)."""
        output = self.base(**self.arguments(inputs, embeddings))
        return output.last_hidden_state  # type: ignore[no-any-return]

    @contextmanager
    def last_states(self, shift: Tensor | None = None) -> Iterator[list[Tensor]]:
        """Give a list that each pass in the block adds its last states to; `shift` moves those of the first."""
        seen: list[Tensor] = []

        def watch(_module: nn.Module, _arguments: Any, output: Any) -> None:
            if shift is not None and not seen:
                output.last_hidden_state = output.last_hidden_state + shift
            seen.append(output.last_hidden_state)

        base: Any = self.base
        handle = (base.encoder if getattr(base, "pooler", None) else base).register_forward_hook(watch)
        try:
            yield seen
        finally:
            handle.remove()

    def masked_logits(self, states: Tensor, positions: Tensor) -> Tensor:
        """Return the masked-LM head's logits at chosen positions, computing no others.

        Args:
            states: last layer's states, (batch, length, hidden).
            positions: (batch, length), bool.

        Returns:
            (chosen, vocabulary), positions in row-major order.

        Raises:
            CheckpointError: there is no trained masked-LM head.
        """
        head = self._family.masked_head
        if head is None or not self._masked_head:
            raise CheckpointError(
                f"{self.name} has no masked-LM head, which masked language modelling and TLM need; use sentence or "
                f"word alignment objectives with it, or a checkpoint with such a head of one of the families "
                f"{', '.join(WITH_MASKED_HEAD)}"
            )
        return head(self.model, states[positions])

    def pool(self, states: Tensor, inputs: Inputs, how: str = "mean") -> Tensor:
        """Return one vector a row, (batch, hidden): "mean", "mean_no_special" or "first" (see `encoder.pooling`)."""
        return pool(states, inputs, how)

    def state(self) -> dict[str, Tensor]:
        """Return the weights by the names that a checkpoint has, the pooler's included."""
        weights = dict(self.model.state_dict())
        prefix = "" if self.base is self.model else f"{self.model.base_model_prefix}."
        if self.pooler is not None:
            weights |= {f"{prefix}pooler.{name}": value for name, value in self.pooler.state_dict().items()}
        return weights

    def save(self, directory: str | Path) -> None:
        """Write an ordinary transformers checkpoint (safetensors) with its tokenizer."""
        with quiet():
            self.model.save_pretrained(directory, state_dict=self.state())
            self.tokenizer.save_pretrained(str(directory))

    def parameters(self) -> Iterator[nn.Parameter]:
        """The model's parameters."""
        return self.model.parameters()

    def train(self) -> Self:
        """Turn dropout on."""
        self.model.train()
        return self

    def eval(self) -> Self:
        """Turn dropout off."""
        self.model.train(mode=False)
        return self

    def to(self, device: torch.device | str) -> Self:
        """Move the weights."""
        self.model.to(device)  # type: ignore[arg-type]
        if self.pooler is not None:
            self.pooler.to(device)
        return self

    @property
    def _config(self) -> Any:
        return self.model.config

    @property
    def _embedding(self) -> Any:
        return self.base.get_input_embeddings()

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
                f"(one of {', '.join(self.languages or ())}); give `language` when tokenising"
            )
        ids = [self._language_ids[known_language(code, self._language_ids)] for code in codes if code is not None]
        return [ids[segment] for segment in row.segments]

    def _check_vocabulary(self) -> None:
        if len(self.tokenizer) > self.vocabulary_size:
            raise CheckpointError(
                f"{self.name}: the tokenizer does not belong to the model: it has {len(self.tokenizer)} tokens, the "
                f"embedding matrix has {self.vocabulary_size} rows"
            )


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw torch's random numbers from a seed in this block, and leave the global state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
