"""The processes that a launcher started for one run: one writes, all train.

Messages between processes go through a group of their own, whose patience does not end while the main process scores.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from torch import distributed

from crosslift.errors import CrossliftError, DataError

Value = TypeVar("Value")
PATIENCE = timedelta(days=7)


def count() -> int:
    """Return how many processes share the run."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def is_main() -> bool:
    """Return whether this process is the one that writes."""
    return count() == 1 or distributed.get_rank() == 0


def on_main(act: Callable[[], Value]) -> Value:
    """Return what `act` returns in the main process; the others wait for it, and for its errors.

    Raises:
        CrossliftError: what `act` raised, in every process.
    """
    if count() == 1:
        return act()
    said: list[Any] = [None]
    if is_main():
        said = [_attempt(act)]
    distributed.broadcast_object_list(said, src=0, group=_messages())
    if isinstance(said[0], CrossliftError):
        raise said[0]
    return said[0]  # type: ignore[no-any-return]


def _attempt(act: Callable[[], Value]) -> Value | CrossliftError:
    try:
        return act()
    except CrossliftError as error:
        return error


def wait() -> None:
    """Wait until every process is here."""
    if count() > 1:
        distributed.barrier(group=_messages())


def agree(value: Callable[[], str], what: str) -> None:
    """Check that `value` is the same in every process; it is not even computed in one alone.

    Raises:
        DataError: it is not.
    """
    if count() == 1:
        return
    values: list[Any] = [None] * count()
    distributed.all_gather_object(values, value(), group=_messages())
    if len(set(values)) > 1:
        raise DataError(f"the {count()} processes disagree about {what}; do all machines hold the same files?")


@cache
def _messages() -> Any:
    return distributed.new_group(backend="gloo", timeout=PATIENCE)
