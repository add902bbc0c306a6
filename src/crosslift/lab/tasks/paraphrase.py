"""Paraphrase identification with adversarial pairs, as in PAWS: the same words, with the same meaning or another.

The second sentence always moves place and time to the other end of the clause.  In half of the pairs it also swaps
agent and patient, or their properties, so the words alone do not reveal the label.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crosslift.api.examples import PairExample, Split
from crosslift.lab.concepts import PROPERTIES_OF, kind_of
from crosslift.lab.meaning import Event, Thing
from crosslift.lab.sampling import actions_between, sample_adjunct, sample_thing
from crosslift.lab.splits import split_of
from crosslift.lab.tasks.task import LabTask, Speakers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.lab.chance import Draws

LABELS = ("different", "paraphrase")


@dataclass(frozen=True, slots=True)
class Rewording:
    """Two events made of the same parts; one of the two sentences has place and time moved."""

    first: Event
    second: Event
    fronted: bool

    @property
    def label(self) -> str:
        """Whether both events have the same meaning."""
        return "paraphrase" if self.first == self.second else "different"


class Paraphrase(LabTask[Rewording]):
    """Paraphrase identification; every event occurs twice, with a paraphrase and with a swap."""

    task_type = "pair"
    labels = LABELS

    def problems(self, draws: Draws, split: Split) -> Iterator[Rewording]:
        """Yield rewordings; both events belong to the split."""
        while True:
            event, swapped = _swappable(draws)
            if split_of(event) == split == split_of(swapped):
                for second in draws.shuffled((event, swapped)):
                    yield Rewording(event, second, draws.chance(0.5))

    def example(self, problem: Rewording, identifier: str, speakers: Speakers) -> PairExample:
        """Return the two sentences as a pair."""
        say = speakers.language.say
        first = say(problem.first, fronted=problem.fronted)
        second = say(problem.second, fronted=not problem.fronted)
        return PairExample(identifier, first.text, second.text, problem.label)


def _swappable(draws: Draws) -> tuple[Event, Event]:
    """Return an event, and one with the participants or their properties swapped."""
    while True:
        agent = sample_thing(draws, draws.pick(("person", "animal")))
        patient = sample_thing(draws, draws.pick(("person", "animal")))
        actions = set(actions_between(kind_of(agent.noun), kind_of(patient.noun)))
        actions &= set(actions_between(kind_of(patient.noun), kind_of(agent.noun)))
        event = sample_adjunct(draws, Event(agent, draws.pick(sorted(actions)), patient))
        swaps = [replace(event, agent=patient, patient=agent), *_property_swaps(event, agent, patient)]
        if agent.noun != patient.noun:
            return event, draws.pick(swaps)


def _property_swaps(event: Event, agent: Thing, patient: Thing) -> list[Event]:
    """Return the event with properties swapped, if they differ and fit both participants."""
    both = set(PROPERTIES_OF[kind_of(agent.noun)]) & set(PROPERTIES_OF[kind_of(patient.noun)])
    if agent.property == patient.property or not {agent.property, patient.property} <= both:
        return []
    return [
        replace(
            event,
            agent=replace(agent, property=patient.property),
            patient=replace(patient, property=agent.property),
        )
    ]
