"""The processes that a launcher started for one run: all train, and the main process writes.

Messages between them use a process group with a long timeout, since the others wait while the main process scores.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from torch import distributed

from crosslift.errors import CrossliftError, DataError

Value = TypeVar("Value")
TIMEOUT = timedelta(days=7)


def count() -> int:
    """Return the number of processes of the run."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def is_main() -> bool:
    """Return whether this process is the main one, which writes."""
    return count() == 1 or distributed.get_rank() == 0


def on_main(act: Callable[[], Value]) -> Value:
    """Call `act` in the main process and return its value in every process.

    Raises:
        CrossliftError: raised by `act`; raised again in every process.
    """
    if count() == 1:
        return act()
    results: list[Any] = [None]
    if is_main():
        results = [_attempt(act)]
    distributed.broadcast_object_list(results, src=0, group=_messages())
    if isinstance(results[0], CrossliftError):
        raise results[0]
    return results[0]  # type: ignore[no-any-return]


def _attempt(act: Callable[[], Value]) -> Value | CrossliftError:
    try:
        return act()
    except CrossliftError as error:
        return error


def wait() -> None:
    """Wait until all processes have called this."""
    if count() > 1:
        distributed.barrier(group=_messages())


def agree(value: Callable[[], str], what: str) -> None:
    """Check that `value` is the same in every process; it is not called if there is only one.

    Raises:
        DataError: it differs; `what` names it in the message.
    """
    if count() == 1:
        return
    values: list[Any] = [None] * count()
    distributed.all_gather_object(values, value(), group=_messages())
    if len(set(values)) > 1:
        raise DataError(f"the {count()} processes disagree about {what}; do all machines have the same files?")


@cache
def _messages() -> Any:
    return distributed.new_group(backend="gloo", timeout=TIMEOUT)
