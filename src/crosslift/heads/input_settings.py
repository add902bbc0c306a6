"""How a task model reads examples, kept in its config.json, so that a saved model is scored as it was trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from crosslift.compat import PretrainedConfig

Texts = Literal["both", "second"]
Subwords = Literal["first", "all"]
Vote = Literal["first", "majority"]
_KEY = "crosslift_input"


@dataclass(frozen=True)
class InputSettings:
    """What of an example is read, and which pieces of a word stand for it."""

    texts: Texts = "both"
    """Of pairs, both texts or the second alone; of choices, premise and choice or the choice alone."""
    subwords: Subwords = "first"
    """Tagging: the pieces of a word that are trained to have its tag (XTREME: the first; BERT's authors too)."""
    vote: Vote = "first"
    """Tagging: a word's tag is its first piece's, or that of most of its pieces; the earliest of equals."""
    max_length: int | None = None
    """Tokens an input was cut to, or of a window of a context; None where nobody said."""
    doc_stride: int | None = None
    """Tokens from one window of a context to the next."""


WHOLE = InputSettings()
"""How examples are read unless a recipe says otherwise."""


def input_settings_of(config: PretrainedConfig) -> InputSettings:
    """Return how a model reads, as its configuration says."""
    return InputSettings(**getattr(config, _KEY, {}))


def write_input_settings(config: PretrainedConfig, input_settings: InputSettings) -> None:
    """Make a configuration say how its model reads; what an earlier task said is gone."""
    if input_settings != WHOLE:
        setattr(config, _KEY, asdict(input_settings))
    elif hasattr(config, _KEY):
        delattr(config, _KEY)
