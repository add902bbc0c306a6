"""Connected text: a meaning followed by related ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crosslift.lab.concepts import ACTIONS, ENTITY_TYPE, OPPOSITE_PROPERTY, PROPERTIES_OF, kind_of
from crosslift.lab.inference import NEGATED, sample_hypothesis
from crosslift.lab.meaning import Event, Meaning, State
from crosslift.lab.sampling import sample, sample_event
from crosslift.lab.splits import until

if TYPE_CHECKING:
    from crosslift.api.examples import Split
    from crosslift.lab.chance import Draws

_RETOLD = 0.8
"""Chance that a sequel rephrases part of the first sentence, from which an encoder learns to compare."""


def passage(draws: Draws, split: Split) -> list[Meaning]:
    """Return two or three related meanings: the later ones rephrase the first or continue it.

    All belong to the split.
    """
    first = sample(draws, split=split)
    return [first, *(until(split, lambda: _sequel(draws, first)) for _ in range(draws.pick((1, 1, 2))))]


def _sequel(draws: Draws, first: Meaning) -> Meaning:
    """Return a meaning that follows from the first, or another one about one of its participants."""
    if isinstance(first, Event) and not first.negated and draws.chance(_RETOLD):
        retold = sample_hypothesis(first, "entailment", draws, negated=draws.chance(NEGATED["entailment"]))
        if retold:
            return retold
    things = [first.thing] if isinstance(first, State) else [first.agent, first.patient]
    thing = draws.pick([thing for thing in things if thing])
    kind = kind_of(thing.noun)
    if draws.chance(0.3) and thing.noun not in ENTITY_TYPE:
        quality = thing.property or draws.pick(PROPERTIES_OF[kind])
        said = OPPOSITE_PROPERTY[quality] if (negated := draws.chance(0.3)) else quality
        return State(replace(thing, property=None), said, negated)
    event = sample_event(draws)
    if kind in ACTIONS[event.action].agents and (event.patient is None or event.patient.noun != thing.noun):
        return replace(event, agent=thing)
    if kind in ACTIONS[event.action].patients and event.agent and event.agent.noun != thing.noun:
        return replace(event, patient=thing)
    return event
