"""All-gather with gradients, so that in-batch negatives come from all GPUs.

Each process scores its own rows against those of all processes.  The loop weights the loss of a process by its share of
the targets and sums gradients over processes, so two processes with half a batch each take the step of one process with
the whole batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed


def gather(rows: Tensor) -> Tensor:
    """Return the rows of all processes, in the order of their ranks; gradients flow back to the owners of the rows.

    Args:
        rows: (rows, ...); the number of rows may differ between processes, the other axes may not.

    Returns:
        (rows of all processes, ...); `rows` itself if there is one process.
    """
    if _processes() == 1:
        return rows
    return _Gather.apply(rows, _counts(rows))  # type: ignore[no-any-return,no-untyped-call]


def rank_offset(rows: int, device: torch.device | str = "cpu") -> int:
    """Return the index of this process's first row among the gathered ones; 0 if there is one process.

    Args:
        rows: number of rows of this process.
        device: device that processes communicate on: the GPU with NCCL.
    """
    if _processes() == 1:
        return 0
    return sum(_counts(torch.empty(rows, 0, device=device))[: distributed.get_rank()])


def _processes() -> int:
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def _counts(rows: Tensor) -> list[int]:
    own = torch.tensor([len(rows)], device=rows.device)
    counts = [torch.empty_like(own) for _ in range(_processes())]
    distributed.all_gather(counts, own)
    return [int(count) for count in counts]


class _Gather(torch.autograd.Function):
    """All-gather in the forward pass, all-reduce in the backward pass: every loss may depend on every row."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, counts: list[int]) -> Tensor:
        ctx.counts = counts
        # all_gather needs tensors of one shape
        padded = rows.new_zeros(max(counts), *rows.shape[1:])
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in counts]
        distributed.all_gather(parts, padded)
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        return torch.split(total, ctx.counts)[distributed.get_rank()], None
