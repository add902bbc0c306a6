"""The end of a command: a message and an exit code for what the user can fix, a traceback for our own mistakes.

Exit codes: 0 done, 1 the run failed, 2 wrong input, 130 interrupted.
"""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from crosslift.errors import CrossliftError, InputError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED = 130


def exit_with(command: Callable[[], Any], *, traceback: bool) -> None:
    """Run a command and exit with the code of its error; with `traceback`, raise the error instead."""
    try:
        command()
    except CrossliftError as error:
        _fail(error, traceback=traceback)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        full = StorageError(f"{error.filename or Path.cwd()}: the disk is full; free some space and try again")
        full.__cause__ = error
        _fail(full, traceback=traceback)
    except SystemExit as done:
        if done.code == INTERRUPTED:  # typer turns a KeyboardInterrupt into this
            typer.echo(
                "crosslift: interrupted; to continue, add --resume to `crosslift run`, or repeat `crosslift study`",
                err=True,
            )
        raise


def _fail(error: CrossliftError, *, traceback: bool) -> None:
    if traceback:
        raise error
    kind = "input" if isinstance(error, InputError) else "run"
    typer.echo(f"crosslift: {kind} error: {error}", err=True)
    sys.exit(error.exit_code)
