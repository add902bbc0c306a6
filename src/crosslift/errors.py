"""Everything crosslift raises on purpose.

CrossliftError
├── InputError            the user can mend it: exit code 2
│   ├── RecipeError       a recipe does not say what it must
│   ├── DataError         a file, a row, a column, a label, an encoding
│   ├── LanguageError     a language the task or the data lacks
│   ├── CheckpointError   a model that cannot be loaded or lacks a part
│   ├── RunExistsError    an output that would be overwritten
│   └── StorageError      the disk is full or not writable
└── RunError              the run itself failed: exit code 1
    └── TrainingError     a loss that is not finite, a model that collapsed

A message is one paragraph: where (file and line, or key), what was found, what was expected, and the nearest valid
choice.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CrossliftError(Exception):
    """Base of every error that crosslift raises on purpose."""

    exit_code = 1


class InputError(CrossliftError):
    """Wrong input: the user can mend it."""

    exit_code = 2


class RecipeError(InputError):
    """A recipe does not say what it must."""


class DataError(InputError):
    """A file, a row, a column, a label or an encoding is not as expected."""


class LanguageError(InputError):
    """A language that the task or the data lacks."""


class CheckpointError(InputError):
    """A model that cannot be loaded, or that lacks a part."""


class RunExistsError(InputError):
    """An output is there already; nothing is overwritten without being asked."""


class StorageError(InputError):
    """The disk is full or cannot be written to."""


class RunError(CrossliftError):
    """The run itself failed."""


class TrainingError(RunError):
    """A loss that is not finite, or a model that collapsed."""


def nearest(wrong: str, valid: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the valid choice closest to `wrong`, or nothing if none is close.

    >>> nearest("xnil", ["xnli", "udpos"])
    "; did you mean 'xnli'?"
    >>> nearest("zzz", ["xnli", "udpos"])
    ''
    """
    close = difflib.get_close_matches(wrong, list(valid), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""
