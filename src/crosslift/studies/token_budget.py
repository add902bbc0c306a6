"""Arms that take the same steps and yet read unlike amounts of text.

It may be what a method is, or a mistake in how its batches are made; either way equal steps are no equal footing.
"""

from __future__ import annotations

from collections.abc import Iterable

from crosslift.studies.result import ArmResult

UNEVEN = 1.5
"""Times as many tokens, from which on it is told."""


def uneven_reading(arms: Iterable[ArmResult]) -> list[str]:
    """Return a sentence for each stage in which one arm reads `UNEVEN` times the tokens of another in as many steps."""
    read: dict[tuple[str, str, int], dict[str, int]] = {}
    for arm in arms:
        for row in arm.stages:
            if row["tokens"]:
                read.setdefault((row["task"], row["stage"], row["steps"]), {})[arm.name] = row["tokens"]
    told = [_told(stage, steps, tokens) for (_, stage, steps), tokens in read.items()]
    return [text for text in dict.fromkeys(told) if text]


def _told(stage: str, steps: int, tokens: dict[str, int]) -> str:
    least, most = min(tokens, key=tokens.__getitem__), max(tokens, key=tokens.__getitem__)
    if tokens[most] < UNEVEN * tokens[least]:
        return ""
    return (
        f"{stage}: in {steps:,} steps {most} reads {tokens[most]:,} tokens and {least} {tokens[least]:,}, "
        "so equal steps are not equal text."
    )
