"""Random meanings: participants, actions, properties, places and times that fit together."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from crosslift.lab.concepts import (
    ACTIONS,
    CITIES,
    COMPANIES,
    COUNTS,
    MEMBERS,
    OPPOSITE_PROPERTY,
    PEOPLE,
    PLACES,
    PROPERTIES_OF,
    RELATIONS,
    SURNAMES,
    TIMES,
    kind_of,
)
from crosslift.lab.meaning import Event, Meaning, Place, State, Thing
from crosslift.lab.splits import until

if TYPE_CHECKING:
    from crosslift.api.examples import Split
    from crosslift.lab.chance import Draws

_AGENT_KINDS = ("person", "person", "animal")


@cache
def actions_between(agent: str, patient: str | None) -> tuple[str, ...]:
    """Return the actions that a kind of agent does to a kind of patient; None asks for intransitive ones."""
    return tuple(
        action.name
        for action in ACTIONS.values()
        if agent in action.agents and (patient in action.patients if patient else not action.patients)
    )


def sample(draws: Draws, *, split: Split) -> Meaning:
    """Return an event or a state of the split."""
    if draws.chance(0.15):
        return until(split, lambda: sample_state(draws))
    return until(split, lambda: sample_event(draws))


def sample_event(draws: Draws, *, transitive: float = 0.85, negated: float = 0.1, names: float = 0.2) -> Event:
    """Return an event; the numbers are the chances of an object, of a negation, and of names for people and places."""
    agent = sample_thing(draws, draws.pick(_AGENT_KINDS), names=names)
    patient = sample_patient(draws, agent, names=names) if draws.chance(transitive) else None
    # The participants are drawn first, so that an action is not more frequent for having more possible ones.
    action = draws.pick(actions_between(kind_of(agent.noun), kind_of(patient.noun) if patient else None))
    place = sample_place(draws, names=names) if draws.chance(0.4) else None
    time = draws.pick(TIMES) if draws.chance(0.25) else None
    return Event(agent, action, patient, place, time, negated=draws.chance(negated))


def sample_patient(draws: Draws, agent: Thing, *, names: float = 0.2) -> Thing:
    """Return somebody or something other than the agent."""
    while True:
        patient = sample_thing(draws, draws.pick(tuple(MEMBERS)), names=names)
        if patient.noun != agent.noun:
            return patient


def sample_thing(draws: Draws, kind: str, *, names: float = 0.2, general: float = 0.1, property_: float = 0.5) -> Thing:
    """Return a thing of a kind; the numbers are the chances of a name, of the bare hypernym, and of a property."""
    if kind == "person" and draws.chance(names):
        return sample_name(draws)
    noun = kind if draws.chance(general) else draws.pick(MEMBERS[kind])
    count = draws.pick(COUNTS) if draws.chance(0.15) else 1
    quality = draws.pick(PROPERTIES_OF[kind]) if draws.chance(property_) else None
    return Thing(noun, quality, count)


def sample_name(draws: Draws) -> Thing:
    """Return a person, perhaps with a surname, or a company."""
    if draws.chance(0.25):
        return Thing(draws.pick(COMPANIES))
    return Thing(draws.pick(PEOPLE), surname=draws.pick(SURNAMES) if draws.chance(0.4) else None)


def sample_place(draws: Draws, *, names: float = 0.2) -> Place:
    """Return a place or a city."""
    return Place(draws.pick(CITIES if draws.chance(names) else PLACES), draws.pick(RELATIONS))


def sample_adjunct(draws: Draws, event: Event) -> Event:
    """Return the event with either a place or a time."""
    if draws.chance(0.5):
        return replace(event, place=sample_place(draws), time=None)
    return replace(event, place=None, time=draws.pick(TIMES))


def sample_state(draws: Draws) -> State:
    """Return a thing and a property that its kind can have."""
    kind = draws.pick(tuple(MEMBERS))
    thing = sample_thing(draws, kind, property_=0.3)
    qualities = [quality for quality in PROPERTIES_OF[kind] if not _same_scale(quality, thing.property)]
    return State(thing, draws.pick(qualities), negated=draws.chance(0.15))


def _same_scale(first: str, second: str | None) -> bool:
    return second is not None and second in (first, OPPOSITE_PROPERTY[first])
