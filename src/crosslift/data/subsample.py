"""A random subset of examples, in their order."""

from __future__ import annotations

import numpy as np

from crosslift.api.examples import Example


def sampled(examples: list[Example], limit: int | None, seed: int) -> list[Example]:
    """Return at most `limit` examples, drawn with the seed, in their order; None: all."""
    if limit is None or limit >= len(examples):
        return examples
    chosen = np.random.default_rng((seed, len(examples))).choice(len(examples), limit, replace=False)
    return [examples[index] for index in sorted(chosen)]
