"""The errors that crosslift raises on purpose, and the phrases that their messages share.

CrossliftError
├── InputError            the user can fix it: exit code 2
│   ├── RecipeError       a key or value of a recipe is wrong
│   ├── DataError         a file, row, column, label or encoding is wrong
│   ├── LanguageError     the task or the data lacks a language
│   ├── CheckpointError   a model cannot be loaded, or lacks a part
│   ├── RunExistsError    an output would be overwritten
│   └── StorageError      the disk is full or not writable
└── RunError              the run itself failed: exit code 1
    └── TrainingError     the loss is not finite, or the model collapsed

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
    """Wrong input, which the user can fix."""

    exit_code = 2


class RecipeError(InputError):
    """A key or value of a recipe is wrong."""


class DataError(InputError):
    """A file, row, column, label or encoding is wrong."""


class LanguageError(InputError):
    """The task or the data lacks a language."""


class CheckpointError(InputError):
    """A model cannot be loaded, or lacks a part."""


class RunExistsError(InputError):
    """An output exists already; nothing is overwritten unless the user asks for it."""


class StorageError(InputError):
    """The disk is full or cannot be written to."""


class RunError(CrossliftError):
    """The run itself failed."""


class TrainingError(RunError):
    """The loss is not finite, or the model collapsed."""


def nearest(wrong: str, valid: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the valid choice closest to `wrong`, or "" if none is close.

    >>> nearest("xnil", ["xnli", "udpos"])
    "; did you mean 'xnli'?"
    >>> nearest("zzz", ["xnli", "udpos"])
    ''
    """
    close = difflib.get_close_matches(wrong, list(valid), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def unknown(noun: str, name: str, valid: Iterable[str]) -> str:
    """Return the message about a name that is not among the valid ones.

    >>> unknown("task", "xnil", ["xnli", "udpos"])
    "unknown task 'xnil'; did you mean 'xnli'? (available: xnli, udpos)"
    """
    names = list(valid)
    return f"unknown {noun} '{name}'{nearest(name, names)} (available: {', '.join(names) or 'none'})"
