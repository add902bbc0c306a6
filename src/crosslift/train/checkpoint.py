"""The training state on disk: written under another name, then renamed, so that a kill at any moment loses nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import torch

from crosslift.errors import StorageError

Weights = dict[str, torch.Tensor]


def save(directory: Path, step: int, state: dict[str, Any], *, keep: int | None = None) -> None:
    """Write the state after `step`, and delete older ones except the newest one up to step `keep`.

    Raises:
        StorageError: too little disk space; the last state is kept.
    """
    directory.mkdir(parents=True, exist_ok=True)
    _check_room(directory, state)
    unfinished = directory / "unfinished"
    with unfinished.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(directory / f"step-{step:09d}.pt")
    *older, _ = saved(directory)
    good = [path for path in older if keep is not None and _step(path) <= keep]
    for path in set(older) - set(good[-1:]):
        path.unlink()


def drop_after(directory: Path, step: int) -> None:
    """Delete the states after `step`."""
    for path in saved(directory):
        if _step(path) > step:
            path.unlink()


def saved(directory: Path) -> list[Path]:
    """Return the complete states, oldest first."""
    return sorted(directory.glob("step-*.pt"))


def _step(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))


def load_latest(directory: Path, device: torch.device) -> dict[str, Any] | None:
    """Return the newest complete state, or None if there is none."""
    states = saved(directory)
    if not states:
        return None
    state: dict[str, Any] = torch.load(states[-1], map_location=device, weights_only=True)
    return state


def _check_room(directory: Path, state: dict[str, Any]) -> None:
    needed, free = _bytes(state), shutil.disk_usage(directory).free
    if free < needed * 1.05:
        raise StorageError(
            f"{directory}: the disk has {free / 2**20:.0f} MiB left and a training state needs "
            f"{needed / 2**20:.0f} MiB; free some space and continue with --resume"
        )


def _bytes(value: Any) -> int:
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, dict):
        return sum(map(_bytes, value.values()))
    return sum(map(_bytes, value)) if isinstance(value, list | tuple) else 0
