"""Intents and slots from one pass: one layer of outputs, of which each place of a text can have its own kind.

The intent is read at the sentence's own token, the first special one ([CLS], <s>; T5 has </s> alone), tags at the
words, each with a softmax over its own labels (Chen et al. 2019, arXiv 1902.10909, equations 1 and 2).  Two linear
layers on the same states are one with the rows of both, so a joint model is stored as transformers' token classifier
whose labels are the tags and the intents; `tasks._joint.is_tag` tells which is which.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from crosslift.api.examples import is_tag
from crosslift.encoder.inputs import Inputs
from crosslift.errors import CheckpointError

IMPOSSIBLE = -1e4
"""The logit of an output that a place cannot have: its probability is 0 in any precision, differences are finite."""


def sentence_place(special: Sequence[bool]) -> int:
    """Return the place of a text's own token among its tokens.

    Args:
        special: whether a token is special.

    Raises:
        CheckpointError: there is no special token.
    """
    if True not in special:
        raise CheckpointError(
            "a joint task reads the intent at a text's special token ([CLS], <s>, </s>), and this tokenizer adds none"
        )
    return list(special).index(True)


def at_sentence(inputs: Inputs) -> Tensor:
    """Return where each text's own token is, (batch, length) bool, one a row."""
    real = (inputs.special & inputs.mask.bool()).int()
    places = torch.arange(real.shape[1], device=real.device)
    return places == real.argmax(dim=1, keepdim=True)


def tag_outputs(labels: Sequence[str], device: torch.device) -> Tensor:
    """Return which outputs are tags, (labels,) bool; the others are intents."""
    return torch.tensor([is_tag(label) for label in labels], device=device)


def restricted(logits: Tensor, inputs: Inputs, labels: Sequence[str]) -> Tensor:
    """Return the logits, `IMPOSSIBLE` for tags at the sentence's token and for intents elsewhere.

    Args:
        logits: (batch, length, labels).
        inputs: what they are of.
        labels: names of the outputs.
    """
    is_possible = at_sentence(inputs).unsqueeze(-1) != tag_outputs(labels, logits.device)
    return logits.masked_fill(~is_possible, IMPOSSIBLE)
