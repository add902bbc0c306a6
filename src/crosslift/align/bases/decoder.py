"""A small decoder that writes a sentence from an encoder's states; what a translation objective needs beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs, pad
from crosslift.errors import RecipeError

_LETTERS, _LONGEST_CODE = 128, 8
"""ASCII, and letters of a language code that are told apart: `deu_Latn` has eight."""


class Decoder(nn.Module):
    """A transformer decoder that starts from the tag of a language and reads an encoder's states.

    Its word embeddings are the encoder's, for what it reads and for what it predicts, unless it has its own; a tag is
    the sum of a learned vector for each letter and place of the language's code, so any language has one.

    Args:
        encoder: whose vocabulary is written and whose states are read.
        layers: of the decoder.
        heads: of each attention; they must divide the encoder's hidden size.
        dropout: as in `nn.TransformerDecoderLayer`.
        own_embedding: learn word embeddings for the decoder instead of tying them to the encoder's.

    Raises:
        RecipeError: the heads do not divide the hidden size.
    """

    def __init__(
        self, encoder: Encoder, *, layers: int = 2, heads: int = 4, dropout: float = 0.1, own_embedding: bool = False
    ) -> None:
        super().__init__()
        size = encoder.hidden_size
        if size % heads:
            raise RecipeError(f"heads: {heads} attention heads do not divide the encoder's hidden size of {size}")
        embedding: Any = encoder.base.get_input_embeddings()
        vocabulary, width = embedding.weight.shape
        self.own = nn.Embedding(vocabulary, width) if own_embedding else None
        self.enter = nn.Linear(width, size)
        self.tags = nn.Embedding(_LONGEST_CODE * _LETTERS, size)
        layer = nn.TransformerDecoderLayer(
            size, heads, 4 * size, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerDecoder(layer, layers, norm=nn.LayerNorm(size))
        self.leave = nn.Linear(size, width, bias=False)
        # Embeddings of some families are long: this makes the first logits about as large as 1.
        rows = (self.own or embedding).weight.detach()
        nn.init.normal_(self.leave.weight, std=float(1 / (math.sqrt(size) * rows.norm(dim=1).mean())))

    def forward(self, encoder: Encoder, states: Tensor, mask: Tensor, tags: Tensor, outputs: Inputs) -> Tensor:
        """Return logits, (real tokens of `outputs`, vocabulary), each given the tag and the tokens before it.

        Args:
            encoder: whose word embeddings are used, unless the decoder has its own.
            states: its last layer's states, (batch, length, hidden).
            mask: of the encoder's inputs, (batch, length).
            tags: of the language to write (`language_tags`), (batch, letters).
            outputs: what is to be written.
        """
        words = self.enter(self.own(outputs.ids) if self.own else encoder.embed(outputs.ids))
        start = self.tags(tags).sum(dim=1, keepdim=True)
        read = torch.cat([start, words[:, :-1]], dim=1)
        length = read.shape[1]
        later = torch.ones(length, length, dtype=torch.bool, device=read.device).triu(1)
        decoded = self.layers(
            read + _positions(length, read),
            states,
            tgt_mask=later,
            memory_key_padding_mask=mask == 0,
        )
        embedding: Any = self.own or encoder.base.get_input_embeddings()
        return self.leave(decoded[outputs.mask.bool()]) @ embedding.weight.T  # type: ignore[no-any-return]


def language_tags(codes: Sequence[str | None]) -> Tensor:
    """Return the rows of `Decoder.tags` that spell language codes, (batch, letters); None is a code without letters."""
    spelled = [
        [place * _LETTERS + ord(letter) % _LETTERS for place, letter in enumerate((code or "")[:_LONGEST_CODE])]
        for code in codes
    ]
    # Row 0 is the letter NUL, which no code has: it stands for the end.
    return pad([[0], *spelled], 0)[1:]


def _positions(length: int, like: Tensor) -> Tensor:
    """Return sinusoidal position embeddings, (length, size) (Vaswani et al. 2017, section 3.5)."""
    size = like.shape[-1]
    rates = torch.exp(torch.arange(0, size, 2, device=like.device) * (-math.log(10_000) / size))
    angles = torch.arange(length, device=like.device).unsqueeze(1) * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :size].to(like.dtype)
