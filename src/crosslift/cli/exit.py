"""The end of a command: a message and an exit code for what the user can fix, a traceback for our own mistakes.

Exit codes: 0 success, 1 the run failed, 2 wrong input, 130 interrupted.
"""

from __future__ import annotations

import errno
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from crosslift.choices import RENAMED_POOLINGS
from crosslift.errors import CrossliftError, InputError, StorageError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED = 130
_UsageError = cast("type[Exception]", typer.BadParameter.__base__)
"""A command line that cannot be parsed; typer exports only its subclasses."""


def exit_with(command: Callable[[], Any], *, traceback: bool) -> None:
    """Run a command and exit with the code of its error; with `traceback`, raise the error instead.

    Args:
        command: what to run; a number that it returns is the exit code.
        traceback: whether errors of crosslift are raised.
    """
    try:
        code = command()
    except _UsageError as error:
        _fail_to_parse(error)
    except CrossliftError as error:
        _fail(error, traceback=traceback)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        full = StorageError(f"{error.filename or Path.cwd()}: the disk is full; free some space and try again")
        full.__cause__ = error
        _fail(full, traceback=traceback)
    else:
        if code == INTERRUPTED:
            repeat = "to continue, add --resume to `crosslift run`, or repeat `crosslift study`"
            typer.echo(f"crosslift: interrupted; {repeat}", err=True)
        sys.exit(code)


def _fail_to_parse(error: Any) -> None:
    """Show a usage error as typer does, with the nearest choice."""
    message = error.message.removeprefix("Value error, ")
    if " is not one of " in message:
        found, *choices = re.findall("'([^']*)'", message)
        now = RENAMED_POOLINGS.get(found)
        message = message.rstrip(".") + (f"; '{found}' is now '{now}'" if now else nearest(found, choices))
    error.message = message
    error.show()
    sys.exit(error.exit_code)


def _fail(error: CrossliftError, *, traceback: bool) -> None:
    if traceback:
        raise error
    kind = "input" if isinstance(error, InputError) else "run"
    typer.echo(f"crosslift: {kind} error: {error}", err=True)
    sys.exit(error.exit_code)
