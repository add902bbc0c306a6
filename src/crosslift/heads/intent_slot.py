"""Intent and slots from one pass: intents are predicted at the sentence token, tags at the words.

The sentence token is the first special token ([CLS], <s>; T5 has only </s>).  Each prediction has a softmax over its
own labels (Chen et al. 2019, arXiv 1902.10909, equations 1 and 2).  Two linear layers on the same states equal one
layer with the rows of both, so an intent_slot model is stored as a token classifier of transformers whose labels are
the tags and the intents; `crosslift.api.examples.is_tag` distinguishes them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from crosslift.api.examples import is_tag
from crosslift.encoder.inputs import Inputs
from crosslift.errors import CheckpointError

IMPOSSIBLE = -1e4
"""Logit of an output that is impossible at a token: its probability is 0 in any precision, and it stays finite."""


def sentence_place(special: Sequence[bool]) -> int:
    """Return the position of the sentence token.

    Args:
        special: (length,), whether each token is special.

    Raises:
        CheckpointError: there is no special token.
    """
    if True not in special:
        raise CheckpointError(
            "an intent_slot model predicts the intent at a special token ([CLS], <s> or </s>), but this tokenizer adds "
            "none"
        )
    return list(special).index(True)


def at_sentence(inputs: Inputs) -> Tensor:
    """Return a mask of the sentence tokens, (batch, length) bool, with one True per row."""
    real = (inputs.special & inputs.mask.bool()).int()
    places = torch.arange(real.shape[1], device=real.device)
    return places == real.argmax(dim=1, keepdim=True)


def tag_outputs(labels: Sequence[str], device: torch.device) -> Tensor:
    """Return a mask of the outputs that are tags, (labels,) bool; the others are intents."""
    return torch.tensor([is_tag(label) for label in labels], device=device)


def restricted(logits: Tensor, inputs: Inputs, labels: Sequence[str]) -> Tensor:
    """Return the logits with `IMPOSSIBLE` for tags at the sentence token and for intents elsewhere.

    Args:
        logits: (batch, length, labels); the result has the same shape.
        inputs: (batch, length) fields, which the logits were computed from.
        labels: names of the outputs, (labels,).
    """
    is_possible = at_sentence(inputs).unsqueeze(-1) != tag_outputs(labels, logits.device)
    return logits.masked_fill(~is_possible, IMPOSSIBLE)
