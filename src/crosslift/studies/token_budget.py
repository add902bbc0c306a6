"""Notes on arms that take equally many steps but read different amounts of text.

Either the method requires it, or its batches are made wrongly; in both cases equal steps are not a fair comparison.
"""

from __future__ import annotations

from collections.abc import Iterable

from crosslift.studies.result import ArmResult
from crosslift.tables import format as fmt

UNEVEN = 1.5
"""Ratio of tokens from which on a note is written."""


def unequal_tokens(arms: Iterable[ArmResult]) -> list[str]:
    """Return a sentence per stage in which one arm reads `UNEVEN` times the tokens of another in as many steps."""
    read: dict[tuple[str, str, int], dict[str, int]] = {}
    for arm in arms:
        for row in arm.stages:
            if row["tokens"]:
                read.setdefault((row["task"], row["stage"], row["steps"]), {})[arm.name] = row["tokens"]
    notes = [_note(stage, steps, tokens) for (_, stage, steps), tokens in read.items()]
    return [text for text in dict.fromkeys(notes) if text]


def _note(stage: str, steps: int, tokens: dict[str, int]) -> str:
    least, most = min(tokens, key=tokens.__getitem__), max(tokens, key=tokens.__getitem__)
    if tokens[most] < UNEVEN * tokens[least]:
        return ""
    return (
        f"{stage}: in {fmt.count(steps)} steps {most} reads {fmt.count(tokens[most])} tokens and {least} "
        f"{fmt.count(tokens[least])}, so equal steps are not equal text."
    )
