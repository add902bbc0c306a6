"""Bitext mining: two pools of sentences, some of which are translations of each other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from crosslift.api.examples import MiningExample, Split
from crosslift.lab.tasks.retrieval import Retrieval
from crosslift.lab.tasks.task import LabTask, Speakers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.lab.chance import Draws
    from crosslift.lab.grammar import Grammar
    from crosslift.lab.meaning import Meaning

POOL = 200
"""Sentences per pool."""
PARALLEL = 80
"""Sentences per pool that have a translation in the other."""


@dataclass(frozen=True, slots=True)
class Pools:
    """The (identifier, meaning) rows of two pools, in order; equal identifiers are translations."""

    source: tuple[tuple[int, Meaning], ...]
    target: tuple[tuple[int, Meaning], ...]


class Mining(LabTask[Pools]):
    """Bitext mining; an example is a whole pair of pools."""

    task_type = "mining"

    def problems(self, draws: Draws, split: Split) -> Iterator[Pools]:
        """Yield pools; all meanings belong to the split, and none is used for two problems."""
        meanings = Retrieval().problems(draws, split)
        while True:
            numbered = list(enumerate(islice(meanings, 2 * POOL - PARALLEL)))
            source, target = numbered[:POOL], numbered[:PARALLEL] + numbered[POOL:]
            yield Pools(tuple(draws.shuffled(source)), tuple(draws.shuffled(target)))

    def example(self, problem: Pools, identifier: str, speakers: Speakers) -> MiningExample:
        """Return the pools, one in the source language and one in the language asked for."""
        gold = tuple((f"source-{index}", f"target-{index}") for index in range(PARALLEL))
        source = _said(problem.source, "source", speakers.source)
        return MiningExample(identifier, source, _said(problem.target, "target", speakers.language), gold)


def _said(pool: tuple[tuple[int, Meaning], ...], side: str, grammar: Grammar) -> tuple[tuple[str, str], ...]:
    return tuple((f"{side}-{index}", grammar.say(meaning).text) for index, meaning in pool)
