"""Label words: a text-to-text model classifies by the probability of a word for each label.

The decoder is the head.  Nothing is generated: the score of a label is the log-probability of its word given the input,
and one pass of the encoder and one of the decoder score all words.
Source: Raffel et al. 2020, arXiv 1910.10683, section 2.4 (tasks as text); ranking of classes by probability: Wei et al.
2022, arXiv 2109.01652, section 2.3 (FLAN's options) and Brown et al. 2020, arXiv 2005.14165, section 2.4 (normalised by
length).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from crosslift.api.examples import TaskType
from crosslift.compat import PreTrainedTokenizerBase, quiet
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs
from crosslift.encoder.loading import load_tokenizer
from crosslift.encoder.text_to_text import encoder_half, load_whole, whole_of
from crosslift.errors import CheckpointError, RecipeError
from crosslift.heads.decoder_layout import DecoderLayout, TokenIds
from crosslift.heads.input_settings import input_settings_of, write_input_settings
from crosslift.heads.prompt import Prompt

LABEL_WORDS_FILE = "crosslift_label_words.json"


@dataclass(frozen=True)
class Wording:
    """The wording of a task: the prompt, and the word of each label."""

    task_type: TaskType
    labels: tuple[str, ...]
    words: tuple[str, ...]
    """In the order of the labels."""
    prompt: str
    normalise: bool = False
    """Whether to divide the score of a word by its number of tokens."""
    ends: bool | None = None
    """Whether to score the end of the sentence after a word; None: only if one word is a prefix of another."""


def read_wording(directory: str | Path) -> Wording:
    """Return the wording of a saved model.

    Raises:
        CheckpointError: a part of it is missing.
    """
    path = Path(directory) / LABEL_WORDS_FILE
    described = json.loads(path.read_text(encoding="utf-8"))
    try:
        return Wording(**{**described, **{key: tuple(described[key]) for key in ("labels", "words")}})
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: not what crosslift writes: {error}") from error


class LabelWords(nn.Module):
    """An encoder-decoder that scores the word of each label.

    Saved as an ordinary checkpoint of the encoder-decoder, with `LABEL_WORDS_FILE` next to it.

    Args:
        whole: the encoder-decoder.
        tokenizer: its tokenizer.
        wording: prompt and label words.
        name: name of the model in messages.
        exact: return log-probabilities.  Otherwise scores may lack a constant that all labels share, which spares the
            softmax over the vocabulary where each word is one token.

    Raises:
        RecipeError: the prompt does not suit the task type, one word is a prefix of another, or the tokenizer cannot
            write a word.
    """

    whole: Any
    _read: Tensor
    _seen: Tensor
    _places: Tensor
    _contexts: Tensor
    _tokens: Tensor

    def __init__(
        self,
        whole: Any,
        tokenizer: PreTrainedTokenizerBase,
        wording: Wording,
        *,
        name: str = "the model",
        exact: bool = False,
    ) -> None:
        super().__init__()
        self.whole = whole
        # in a list, since its model is a part of `whole` already
        self._encoder = [Encoder(encoder_half(whole), tokenizer, name=name)]
        self.wording = wording
        self.prompt = Prompt(wording.prompt, wording.task_type)
        self.exact = exact
        start = int(tokenizer.pad_token_id)  # the decoder of every T5 starts from padding
        words = token_ids_of(tokenizer, wording)
        self._lengths = [len(word) for word in words]
        layout = DecoderLayout.of(words, start)
        for part, tensor in asdict(layout).items():
            self.register_buffer(f"_{part}", tensor.to(whole.device), persistent=False)

    @classmethod
    def of(cls, encoder: Encoder, wording: Wording, *, exact: bool = False) -> Self:
        """Return the head for a copy of `encoder`'s weights, with the decoder of its checkpoint.

        Raises:
            CheckpointError: the checkpoint has no decoder.
            RecipeError: as for the class.
        """
        return cls(whole_of(encoder), encoder.tokenizer, wording, name=encoder.name, exact=exact)

    @property
    def encoder(self) -> Encoder:
        """The encoder half, a view of the same weights."""
        return self._encoder[0]

    @property
    def task_type(self) -> TaskType:
        """Task type of the wording."""
        return self.wording.task_type

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the scores."""
        return self.wording.labels

    def forward(self, states: Tensor, inputs: Inputs) -> Tensor:
        """Return the scores of the labels, (batch, labels), as `scores` does with the head's `exact`.

        Args:
            states: (batch, length, hidden), last states of the encoder.
            inputs: (batch, length) fields, which the states were computed from.
        """
        return self.scores(states, inputs, exact=self.exact)

    def scores(self, states: Tensor, inputs: Inputs, *, exact: bool = True) -> Tensor:
        """Return the log-probability of each label's word, (batch, labels), over its length if `wording.normalise`.

        Args:
            states: (batch, length, hidden), last states of the encoder.
            inputs: (batch, length) fields, which the states were computed from.
            exact: as for the class.
        """
        decoded = self._decoded(states, inputs.mask)
        if exact or decoded.shape[1] > 1:
            scores = self.whole.lm_head(decoded).float().log_softmax(dim=-1)[:, self._contexts, self._tokens]
        else:
            scores = functional.linear(decoded[:, 0], self.whole.lm_head.weight[self._tokens]).float()
        # one sum per word, since adding up by index has no fixed order on a GPU
        words = scores.split(self._lengths, dim=1)
        return torch.stack([word.mean(dim=1) if self.wording.normalise else word.sum(dim=1) for word in words], dim=1)

    def _decoded(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return the decoder's last state after each prefix of a word, (batch, prefixes, hidden)."""
        rows = len(states)
        decoded = self.whole.decoder(
            input_ids=self._read.expand(rows, -1),
            attention_mask=self._seen.expand(rows, -1, -1, -1),
            encoder_hidden_states=states,
            encoder_attention_mask=mask,
            use_cache=False,
        ).last_hidden_state[:, self._places]
        # T5 and uMT5 with tied embeddings scale the states, as in the forward pass of transformers
        scaled = getattr(self.whole.config, "scale_decoder_outputs", False)
        return cast("Tensor", decoded * self.whole.config.d_model**-0.5 if scaled else decoded)

    def save(self, directory: str | Path) -> None:
        """Write the checkpoint of the encoder-decoder with its tokenizer, input settings and wording."""
        write_input_settings(self.whole.config, input_settings_of(self.encoder.base.config))
        with quiet():
            self.whole.save_pretrained(directory)
            self.encoder.tokenizer.save_pretrained(str(directory))
        described = json.dumps(asdict(self.wording), ensure_ascii=False, indent=2)
        (Path(directory) / LABEL_WORDS_FILE).write_text(described + "\n", encoding="utf-8")

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        """Load a saved head.

        Raises:
            CheckpointError: the decoder or a part of the wording is missing.
        """
        wording = read_wording(directory)
        tokenizer = load_tokenizer(str(directory))
        whole, has_decoder = load_whole(str(directory))
        if not has_decoder:
            raise CheckpointError(f"{directory}: the weights of the decoder, which scores label words, are missing")
        return cls(whole.eval(), tokenizer, wording, name=str(directory))


def token_ids_of(tokenizer: PreTrainedTokenizerBase, wording: Wording) -> list[TokenIds]:
    """Return the token ids of each label's word, with the end of the sentence where it is scored.

    Raises:
        RecipeError: a word that is empty or has an unknown token, or that is a prefix of another without an end.
    """
    ids = [_token_ids(tokenizer, label, word) for label, word in zip(wording.labels, wording.words, strict=True)]
    clash = _first_prefix(ids)
    if wording.ends or (wording.ends is None and clash is not None):
        ids = [(*word, int(tokenizer.eos_token_id)) for word in ids]
        clash = _first_prefix(ids)
    if clash is not None:
        short, long = (wording.labels[label] for label in clash)
        raise RecipeError(
            f"label_words: the word of '{long}', '{wording.words[clash[1]]}', begins with that of '{short}', "
            f"'{wording.words[clash[0]]}', so it can never be the more probable one; give words that differ, or "
            "ends = true if one is longer"
        )
    return ids


def _token_ids(tokenizer: PreTrainedTokenizerBase, label: str, word: str) -> TokenIds:
    ids = tuple(tokenizer(word, add_special_tokens=False)["input_ids"])
    if not ids:
        raise RecipeError(f"label_words.{label}: '{word}' is empty; give a word that the decoder can write")
    if tokenizer.unk_token_id in ids:
        raise RecipeError(
            f"label_words.{label}: the tokenizer cannot write '{word}' (its tokens: "
            f"{' '.join(map(str, tokenizer.convert_ids_to_tokens(list(ids))))}); give another word"
        )
    return ids


def _first_prefix(ids: Sequence[TokenIds]) -> tuple[int, int] | None:
    """Return two labels of which the first one's word is a prefix of the second one's."""
    for short, word in enumerate(ids):
        for long, other in enumerate(ids):
            if short != long and other[: len(word)] == word:
                return short, long
    return None
