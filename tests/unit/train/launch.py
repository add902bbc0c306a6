"""Two communicating processes, as torchrun would start them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

import torch


def two_processes(act: Callable[..., None], *arguments: Any) -> None:
    """Call ``act(rank, *arguments)`` in two processes of a gloo group."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    torch.multiprocessing.spawn(_launched, args=(port, act, arguments), nprocs=2)


def _launched(rank: int, port: int, act: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE="2",
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port),
    )
    torch.set_num_threads(1)
    act(rank, *arguments)
    torch.distributed.destroy_process_group()
