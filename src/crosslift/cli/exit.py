"""How a command ends: one paragraph and an exit code for what a user can mend, a traceback for what we must.

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


def exit_with(command: Callable[[], Any], *, traceback: bool) -> None:
    """Run a command and leave the program as its errors say; with `traceback` they are raised."""
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
    except KeyboardInterrupt:
        typer.echo("crosslift: interrupted; `crosslift run ... --resume` continues", err=True)
        sys.exit(130)


def _fail(error: CrossliftError, *, traceback: bool) -> None:
    if traceback:
        raise error
    kind = "input" if isinstance(error, InputError) else "run"
    typer.echo(f"crosslift: {kind} error: {error}", err=True)
    sys.exit(error.exit_code)
