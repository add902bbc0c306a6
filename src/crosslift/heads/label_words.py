"""Label words: a text-to-text model classifies by how probable it finds the word of each label.

The decoder is the head.  Nothing is generated: the score of a label is the log-probability of its word given the input,
and all words are scored in one pass of the decoder behind one pass of the encoder.
Source: Raffel et al. 2020, arXiv 1910.10683, section 2.4 (tasks as text); ranking by the probability of the classes:
Wei et al. 2022, arXiv 2109.01652, section 2.3 (FLAN's options) and Brown et al. 2020, arXiv 2005.14165, section 2.4
(probability by length).
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
from crosslift.heads.input_settings import input_settings_of, write_input_settings
from crosslift.heads.prompt import Prompt

LABEL_WORDS_FILE = "crosslift_label_words.json"
Pieces = tuple[int, ...]


@dataclass(frozen=True)
class Wording:
    """How a task is said: the prompt, and the word of each label."""

    task_type: TaskType
    labels: tuple[str, ...]
    words: tuple[str, ...]
    """In the order of the labels."""
    prompt: str
    normalise: bool = False
    """Whether a score is divided by the number of its word's pieces."""
    ends: bool | None = None
    """Whether the end of the sentence is scored after a word; None: where one word begins with another."""


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

    Saved as an ordinary checkpoint of the encoder-decoder, with `LABEL_WORDS_FILE` beside it.

    Args:
        whole: the encoder-decoder.
        tokenizer: its tokenizer.
        wording: prompt and label words.
        name: what messages call it.
        exact: return log-probabilities.  Else a number that is the same for all labels may be left out, which needs no
            look at the rest of the vocabulary where each word is one piece.

    Raises:
        RecipeError: a prompt that does not suit the form, or words that cannot be told apart or written.
    """

    whole: Any
    _read: Tensor
    _seen: Tensor
    _places: Tensor
    _contexts: Tensor
    _pieces: Tensor

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
        self._encoder = [Encoder(encoder_half(whole), tokenizer, name=name)]  # in a list: its model is part of `whole`
        self.wording = wording
        self.prompt = Prompt(wording.prompt, wording.task_type)
        self.exact = exact
        start = int(tokenizer.pad_token_id)  # the decoder of every T5 starts from padding
        words = pieces_of(tokenizer, wording)
        self._lengths = [len(word) for word in words]
        layout = Layout.of(words, start)
        for part, tensor in asdict(layout).items():
            self.register_buffer(f"_{part}", tensor.to(whole.device), persistent=False)

    @classmethod
    def of(cls, encoder: Encoder, wording: Wording, *, exact: bool = False) -> Self:
        """Return the head for a copy of `encoder`'s weights, with the decoder of its checkpoint.

        Raises:
            CheckpointError: there is no such decoder.
            RecipeError: as for the class.
        """
        return cls(whole_of(encoder), encoder.tokenizer, wording, name=encoder.name, exact=exact)

    @property
    def encoder(self) -> Encoder:
        """The encoder half, on the same weights."""
        return self._encoder[0]

    @property
    def task_type(self) -> TaskType:
        """The form of the task."""
        return self.wording.task_type

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order of the scores."""
        return self.wording.labels

    def forward(self, states: Tensor, inputs: Inputs) -> Tensor:
        """Return scores, (batch, labels), of encoder states (batch, length, hidden): see `exact`."""
        return self.scores(states, inputs, exact=self.exact)

    def scores(self, states: Tensor, inputs: Inputs, *, exact: bool = True) -> Tensor:
        """Return the log-probability of each label's word, (batch, labels), divided by its length if so worded.

        Args:
            states: the encoder's last states, (batch, length, hidden).
            inputs: what they are of.
            exact: as for the class.
        """
        decoded = self._decoded(states, inputs.mask)
        if exact or decoded.shape[1] > 1:
            scores = self.whole.lm_head(decoded).float().log_softmax(dim=-1)[:, self._contexts, self._pieces]
        else:
            scores = functional.linear(decoded[:, 0], self.whole.lm_head.weight[self._pieces]).float()
        # by hand, since adding up by index has no fixed order on a GPU
        words = scores.split(self._lengths, dim=1)
        return torch.stack([word.mean(dim=1) if self.wording.normalise else word.sum(dim=1) for word in words], dim=1)

    def _decoded(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return what the decoder makes of each beginning of a word, (batch, beginnings, hidden)."""
        rows = len(states)
        decoded = self.whole.decoder(
            input_ids=self._read.expand(rows, -1),
            attention_mask=self._seen.expand(rows, -1, -1, -1),
            encoder_hidden_states=states,
            encoder_attention_mask=mask,
            use_cache=False,
        ).last_hidden_state[:, self._places]
        # T5 and uMT5 whose output is the embedding matrix: transformers' own forward
        scaled = getattr(self.whole.config, "scale_decoder_outputs", False)
        return cast("Tensor", decoded * self.whole.config.d_model**-0.5 if scaled else decoded)

    def save(self, directory: str | Path) -> None:
        """Write the encoder-decoder's checkpoint, its tokenizer, and the wording."""
        write_input_settings(self.whole.config, input_settings_of(self.encoder.base.config))
        with quiet():
            self.whole.save_pretrained(directory)
            self.encoder.tokenizer.save_pretrained(str(directory))
        described = json.dumps(asdict(self.wording), ensure_ascii=False, indent=2)
        (Path(directory) / LABEL_WORDS_FILE).write_text(described + "\n", encoding="utf-8")

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            CheckpointError: the decoder or a part of the wording is missing.
        """
        wording = read_wording(directory)
        tokenizer = load_tokenizer(str(directory))
        whole, has_decoder = load_whole(str(directory))
        if not has_decoder:
            raise CheckpointError(f"{directory}: the weights of the decoder, which writes label words, are missing")
        return cls(whole.eval(), tokenizer, wording, name=str(directory))


def pieces_of(tokenizer: PreTrainedTokenizerBase, wording: Wording) -> list[Pieces]:
    """Return the pieces of each label's word, with the end of the sentence where it is scored.

    Raises:
        RecipeError: a word that is empty or has an unknown piece, or words that begin alike and end nowhere.
    """
    pieces = [_pieces(tokenizer, label, word) for label, word in zip(wording.labels, wording.words, strict=True)]
    clash = _first_clash(pieces)
    if wording.ends or (wording.ends is None and clash is not None):
        pieces = [(*word, int(tokenizer.eos_token_id)) for word in pieces]
        clash = _first_clash(pieces)
    if clash is not None:
        short, long = (wording.labels[label] for label in clash)
        raise RecipeError(
            f"label_words: the word of '{long}', '{wording.words[clash[1]]}', begins with that of '{short}', "
            f"'{wording.words[clash[0]]}', so it could never be the more probable one; give words that differ, or "
            "ends = true if one is longer"
        )
    return pieces


def _pieces(tokenizer: PreTrainedTokenizerBase, label: str, word: str) -> Pieces:
    pieces = tuple(tokenizer(word, add_special_tokens=False)["input_ids"])
    if not pieces:
        raise RecipeError(f"label_words.{label}: '{word}' is empty; give a word that the decoder can write")
    if tokenizer.unk_token_id in pieces:
        raise RecipeError(
            f"label_words.{label}: the tokenizer cannot write '{word}' (its pieces: "
            f"{' '.join(map(str, tokenizer.convert_ids_to_tokens(list(pieces))))}); give another word"
        )
    return pieces


def _first_clash(pieces: Sequence[Pieces]) -> tuple[int, int] | None:
    """Return two labels of which the second one's pieces begin with the first one's."""
    for short, word in enumerate(pieces):
        for long, other in enumerate(pieces):
            if short != long and other[: len(word)] == word:
                return short, long
    return None


@dataclass(frozen=True)
class Layout:
    """How the beginnings of all words stand in one row of the decoder.

    Words that begin alike share what is read.  The others stand side by side and do not see each other; T5's positions
    are relative, so each is read as if it stood alone.
    """

    read: Tensor
    """Ids that the decoder reads, (read,)."""
    seen: Tensor
    """What each of them sees of the others, added to attention scores: (1, 1, read, read)."""
    places: Tensor
    """Where each beginning ends, (beginnings,)."""
    contexts: Tensor
    """The beginning behind which each piece of each word is scored, (pieces,)."""
    pieces: Tensor
    """The pieces of all words in a row, (pieces,)."""

    @classmethod
    def of(cls, words: Sequence[Pieces], start: int) -> Self:
        """Return the layout of words of at least one piece; the decoder starts from `start`."""
        rows = {(start, *word[:-1]) for word in words}
        longest = sorted(row for row in rows if not any(row == other[: len(row)] for other in rows - {row}))
        ends: dict[Pieces, int] = {}
        place = 0
        for row in longest:
            for length in range(1, len(row) + 1):
                ends.setdefault(row[:length], place)
                place += 1
        beginnings = list(ends)
        steps = [((start, *word[:i]), word[i]) for word in words for i in range(len(word))]
        return cls(
            read=torch.tensor([piece for row in longest for piece in row]),
            seen=_seen([len(row) for row in longest]),
            places=torch.tensor([ends[beginning] for beginning in beginnings]),
            contexts=torch.tensor([beginnings.index(beginning) for beginning, _ in steps]),
            pieces=torch.tensor([piece for _, piece in steps]),
        )


def _seen(lengths: Sequence[int]) -> Tensor:
    triangles = (torch.ones(length, length).tril() for length in lengths)
    blocks: Tensor = torch.block_diag(*triangles)  # type: ignore[no-untyped-call]
    return torch.zeros_like(blocks).masked_fill(blocks == 0, -torch.inf)[None, None]
