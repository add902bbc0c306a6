"""A small decoder that generates a sentence from the states of an encoder, for translation objectives."""

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
"""ASCII, and the number of letters of a language code that count: `deu_Latn` has eight."""


class Decoder(nn.Module):
    """A transformer decoder that starts from the tag of a language and attends to the states of an encoder.

    Its input and output word embeddings are the encoder's, unless it has its own.  A tag is the sum of a learned vector
    per letter and position of the language code, so every language has one.

    Args:
        encoder: the encoder whose vocabulary and hidden size are used.
        layers: number of layers.
        heads: number of attention heads, a divisor of the encoder's hidden size.
        dropout: as in `nn.TransformerDecoderLayer`.
        own_embedding: learn separate word embeddings instead of tying them to the encoder's.

    Raises:
        RecipeError: the number of heads does not divide the hidden size.
    """

    def __init__(
        self, encoder: Encoder, *, layers: int = 2, heads: int = 4, dropout: float = 0.1, own_embedding: bool = False
    ) -> None:
        super().__init__()
        size = encoder.hidden_size
        if size % heads:
            raise RecipeError(f"heads: the encoder's hidden size, {size}, is not divisible by {heads} attention heads")
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
        # Embeddings of some families have large norms; this makes the first logits about 1 in size.
        rows = (self.own or embedding).weight.detach()
        nn.init.normal_(self.leave.weight, std=float(1 / (math.sqrt(size) * rows.norm(dim=1).mean())))

    def forward(self, encoder: Encoder, states: Tensor, mask: Tensor, tags: Tensor, outputs: Inputs) -> Tensor:
        """Return the logits of the real tokens of `outputs`, (tokens, vocabulary), given the tag and earlier tokens.

        Args:
            encoder: the encoder, for its word embeddings.
            states: (batch, length, hidden), its last states.
            mask: (batch, length), the attention mask of its inputs.
            tags: (batch, letters), the language to generate, see `language_tags`.
            outputs: the tokens to generate.
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
    """Return the rows of `Decoder.tags` that spell language codes, (batch, letters); None has no letters."""
    spelled = [
        [place * _LETTERS + ord(letter) % _LETTERS for place, letter in enumerate((code or "")[:_LONGEST_CODE])]
        for code in codes
    ]
    # Row 0 is the letter NUL, which no code has: it is the padding.
    return pad([[0], *spelled], 0)[1:]


def _positions(length: int, like: Tensor) -> Tensor:
    """Return sinusoidal position embeddings, (length, size) (Vaswani et al. 2017, section 3.5)."""
    size = like.shape[-1]
    rates = torch.exp(torch.arange(0, size, 2, device=like.device) * (-math.log(10_000) / size))
    angles = torch.arange(length, device=like.device).unsqueeze(1) * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :size].to(like.dtype)
