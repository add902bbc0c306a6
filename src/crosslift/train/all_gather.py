"""Rows of all processes, with gradients: in-batch negatives do not stop at one GPU.

Each process scores its own rows against everybody's.  The loop weights a process's loss by its share of the units and
adds gradients up over processes, so two processes with half a batch each take the step of one with the whole.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed


def gather(rows: Tensor) -> Tensor:
    """Return the rows of all processes, in the order of their ranks; gradients flow back to whose rows they are.

    Args:
        rows: (rows, ...); the number of rows may differ between processes, the other axes may not.

    Returns:
        (rows of all processes, ...); `rows` itself where there is one process.
    """
    if _processes() == 1:
        return rows
    return _Gather.apply(rows, _counts(rows))  # type: ignore[no-any-return,no-untyped-call]


def rank_offset(rows: int, device: torch.device | str = "cpu") -> int:
    """Return where this process's rows begin among the gathered ones: 0 where there is one process.

    Args:
        rows: how many rows this process has.
        device: where processes talk to each other: the GPU under NCCL.
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
    """All-gather forward, all-reduce backward: every process's loss may depend on every row."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, counts: list[int]) -> Tensor:
        ctx.counts = counts
        # Processes exchange tensors of one shape only.
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
