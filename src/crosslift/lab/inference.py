"""Hypotheses that an event entails, contradicts, or leaves open.

Both sentences describe the same scene, as in MNLI, so statements that cannot both be true of one scene contradict.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from crosslift.lab.concepts import (
    ACTIONS,
    CITIES,
    KIND_OF,
    OPPOSITE_PROPERTY,
    PLACES,
    PROPERTIES_OF,
    TIMES,
    kind_of,
)
from crosslift.lab.meaning import Event, Place, Thing
from crosslift.lab.sampling import actions_between, sample_place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crosslift.lab.chance import Draws

Label = Literal["entailment", "neutral", "contradiction"]
LABELS: tuple[Label, ...] = ("entailment", "neutral", "contradiction")

NEGATED: Mapping[Label, float] = {"entailment": 0.1, "neutral": 0.15, "contradiction": 0.2}
"""Chance that a hypothesis is negated.

Contradictions are negated somewhat more often, as people write them.  This puts a hypothesis-only classifier four
points above chance, and gives a small encoder a first clue, without which it hardly begins to compare sentences.
"""
_GENERAL = 0.2
"""Chance that a hypothesis uses the hypernym of the premise's noun."""
_UNDER_NEGATION: Mapping[Label, Label] = {
    "entailment": "contradiction",
    "contradiction": "entailment",
    "neutral": "neutral",
}
"""The relation that a premise must have to a scene in order to have the label with its negation."""


def sample_hypothesis(premise: Event, label: Label, draws: Draws, *, negated: bool) -> Event | None:
    """Return a hypothesis with this label, or None if the draw repeats the whole premise.

    One part, the focus, is always expressed: contradicting and neutral hypotheses replace it, entailed ones keep it.
    """
    relation = _UNDER_NEGATION[label] if negated else label
    focus = draws.pick(_foci(premise))
    scene = _shortened(premise, focus, draws)
    if scene == premise:
        return None
    said = scene if relation == "entailment" else _exchanged(scene, focus, relation, draws)
    return replace(said, negated=negated)


def _foci(premise: Event) -> list[str]:
    """Return the parts that can be replaced whatever the label."""
    optional = {
        "agent.property": premise.agent and premise.agent.property,
        "patient.property": premise.patient and premise.patient.property,
        "place": premise.place,
        "time": premise.time,
    }
    return ["action", *(part for part, said in optional.items() if said)]


def _shortened(premise: Event, focus: str, draws: Draws) -> Event:
    """Drop each part outside the focus half of the time, and sometimes use a hypernym."""

    def keep(part: str) -> bool:
        return focus == part or draws.chance(0.5)

    def shorter(thing: Thing | None, part: str) -> Thing | None:
        if thing is None:
            return None
        noun = KIND_OF.get(thing.noun, thing.noun) if draws.chance(_GENERAL) else thing.noun
        return replace(thing, noun=noun, property=thing.property if keep(f"{part}.property") else None)

    return replace(
        premise,
        agent=shorter(premise.agent, "agent"),
        patient=shorter(premise.patient, "patient"),
        place=premise.place if keep("place") else None,
        time=premise.time if keep("time") else None,
    )


def _exchanged(scene: Event, focus: str, relation: Label, draws: Draws) -> Event:
    """Return the scene with the focus replaced by something that the premise excludes, or leaves open."""
    contradict = relation == "contradiction"
    match focus:
        case "action":
            return replace(scene, action=_other_action(scene, draws, contradict=contradict))
        case "agent.property":
            return replace(scene, agent=_other_property(scene.agent, draws, contradict=contradict))
        case "patient.property":
            return replace(scene, patient=_other_property(scene.patient, draws, contradict=contradict))
        case "place" if scene.place:
            return replace(scene, place=_other_place(scene.place, draws)) if contradict else _timed(scene, draws)
        case _:
            return replace(scene, time=_other(scene.time, TIMES, draws)) if contradict else _placed(scene, draws)


def _timed(scene: Event, draws: Draws) -> Event:
    """Replace the place by a time that the premise leaves open."""
    return replace(scene, place=None, time=draws.pick(TIMES))


def _placed(scene: Event, draws: Draws) -> Event:
    """Replace the time by a place that the premise leaves open."""
    return replace(scene, time=None, place=sample_place(draws))


def _other(taken: str | None, choices: Sequence[str], draws: Draws) -> str:
    return draws.pick([choice for choice in choices if choice != taken])


def _other_place(place: Place, draws: Draws) -> Place:
    return replace(place, noun=_other(place.noun, CITIES if place.noun in CITIES else PLACES, draws))


def _other_property(thing: Thing | None, draws: Draws, *, contradict: bool) -> Thing:
    """Return the thing with the opposite property, or with an unrelated one."""
    if thing is None or thing.property is None:
        raise AssertionError("only a property that is said can be in focus")
    opposite = OPPOSITE_PROPERTY[thing.property]
    others = [name for name in PROPERTIES_OF[kind_of(thing.noun)] if name not in (thing.property, opposite)]
    return replace(thing, property=opposite if contradict else draws.pick(others))


def _other_action(scene: Event, draws: Draws, *, contradict: bool) -> str:
    """Return the opposite action, or an unrelated one between the same participants."""
    opposite = ACTIONS[scene.action].opposite
    if contradict:
        return opposite
    choices = actions_between(_kind(scene.agent) or "", _kind(scene.patient))
    return draws.pick([name for name in choices if name not in (scene.action, opposite)])


def _kind(thing: Thing | None) -> str | None:
    return kind_of(thing.noun) if thing else None
