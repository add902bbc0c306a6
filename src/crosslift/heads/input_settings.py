"""The input settings of a task model: how it reads examples, and how long an input may be.

They are kept in the model's config.json, so that a saved model is scored as it was trained.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from crosslift.api.examples import TaskType
from crosslift.compat import PretrainedConfig
from crosslift.errors import InputError

Texts = Literal["both", "second"]
Subwords = Literal["first", "all"]
Vote = Literal["first", "majority"]

DOC_STRIDE = 128
"""Tokens from the start of one window of a context to the start of the next, unless a model says otherwise."""
SHORTEST = 8
"""The smallest maximum length that a user may ask for, in tokens, as in recipes."""
_KEY = "crosslift_input"


@dataclass(frozen=True)
class Lengths:
    """The length of an input, in tokens."""

    max_length: int
    """Tokens an input is truncated to, special tokens included; a window of a context has at most this many."""
    doc_stride: int
    """Tokens from the start of one window of a context to the start of the next."""


@dataclass(frozen=True)
class InputSettings:
    """The parts of an example that a model reads, and the subwords that represent a word."""

    texts: Texts = "both"
    """Pairs: both texts or only the second; multiple choice: premise and choice, or only the choice."""
    subwords: Subwords = "first"
    """Tagging: the subwords of a word that are trained to predict its tag (XTREME and BERT: the first)."""
    vote: Vote = "first"
    """Tagging: the tag of a word is that of its first subword, or of most of its subwords (the earliest on a tie)."""
    max_length: int | None = None
    """Tokens an input was truncated to in training, or tokens of a window; None where training did not say."""
    doc_stride: int | None = None
    """Extractive QA: tokens from the start of one window to the start of the next; None where training did not say."""

    def lengths(
        self, task_type: TaskType, longest: int, *, max_length: int | None = None, doc_stride: int | None = None
    ) -> Lengths:
        """Return the lengths that a model reads inputs with; training and every kind of scoring use this rule.

        Args:
            task_type: task type of the model; its default applies if the settings have no `max_length`.
            longest: tokens that the encoder takes, the upper limit.
            max_length: overrides that of the settings.
            doc_stride: overrides that of the settings.
        """
        wanted = max_length or self.max_length or default_length(task_type)
        return Lengths(min(wanted, longest), doc_stride or self.doc_stride or DOC_STRIDE)


WHOLE = InputSettings()
"""The input settings of a recipe that states none."""


def default_length(task_type: TaskType) -> int:
    """Return the tokens an input is truncated to by default: 384 for windows of a context, as in XTREME, else 128."""
    return 384 if task_type == "extractive_qa" else 128


def check_max_length(max_length: int | None) -> None:
    """Check the maximum length that a user asks for; None asks for the model's.

    Raises:
        InputError: it is shorter than `SHORTEST`.
    """
    if max_length is not None and max_length < SHORTEST:
        raise InputError(f"max_length: {max_length} found, expected at least {SHORTEST} tokens")


def input_settings_of(config: PretrainedConfig) -> InputSettings:
    """Return the input settings in a configuration; the defaults where crosslift wrote none."""
    return InputSettings(**getattr(config, _KEY, {}))


def write_input_settings(config: PretrainedConfig, input_settings: InputSettings) -> None:
    """Write input settings into a configuration, over those of an earlier task."""
    if input_settings != WHOLE:
        setattr(config, _KEY, asdict(input_settings))
    elif hasattr(config, _KEY):
        delattr(config, _KEY)
