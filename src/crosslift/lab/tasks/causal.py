"""Two-choice causal reasoning, as in COPA: the cause is an event, the effect a state.

The wrong choice has the opposite action or property; over many examples, both choices are right equally often.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crosslift.api.examples import MultipleChoiceExample, Split
from crosslift.lab.concepts import ACTIONS, EFFECTS, OPPOSITE_PROPERTY
from crosslift.lab.meaning import Event, Meaning, State, Thing
from crosslift.lab.sampling import sample_adjunct, sample_thing
from crosslift.lab.splits import split_of
from crosslift.lab.tasks.task import LabTask, Speakers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.lab.chance import Draws


@dataclass(frozen=True, slots=True)
class Causation:
    """A premise, the question ("cause" or "effect"), two choices, and the index of the right one."""

    premise: Meaning
    question: str
    choices: tuple[Meaning, Meaning]
    label: int


class Causal(LabTask[Causation]):
    """Causal reasoning; causes and effects are asked for equally often."""

    task_type = "multiple_choice"

    def problems(self, draws: Draws, split: Split) -> Iterator[Causation]:
        """Yield causations; the premise and both choices belong to the split."""
        while True:
            action = draws.pick(tuple(EFFECTS))
            effect = _effect(action, split, draws)
            cause = _cause(action, effect.thing, split, draws)
            label = int(draws.uniform() * 2)
            if draws.chance(0.5):
                opposite = replace(cause, action=ACTIONS[action].opposite)
                yield Causation(effect, "cause", _ordered(cause, opposite, label), label)
            else:
                denied = replace(effect, property=OPPOSITE_PROPERTY[effect.property])
                yield Causation(cause, "effect", _ordered(effect, denied, label), label)

    def example(self, problem: Causation, identifier: str, speakers: Speakers) -> MultipleChoiceExample:
        """Return premise, question and choices."""
        say = speakers.language.say
        choices = tuple(say(choice).text for choice in problem.choices)
        return MultipleChoiceExample(identifier, say(problem.premise).text, problem.question, choices, problem.label)


def _ordered(right: Meaning, wrong: Meaning, label: int) -> tuple[Meaning, Meaning]:
    return (wrong, right) if label else (right, wrong)


def _effect(action: str, split: Split, draws: Draws) -> State:
    """Return the effect of the action on a random thing, such that it and its opposite are in the split."""
    role, quality = EFFECTS[action]
    kinds = ACTIONS[action].patients if role == "patient" else ACTIONS[action].agents
    opposite = OPPOSITE_PROPERTY[quality]
    while True:
        thing = sample_thing(draws, draws.pick(kinds), names=0)
        state = State(thing, quality)
        fits = split_of(state) == split == split_of(replace(state, property=opposite))
        if fits and thing.property not in (quality, opposite):
            return state


def _cause(action: str, thing: Thing, split: Split, draws: Draws) -> Event:
    """Return the action with the thing in its role, such that it and the opposite action are in the split."""
    role, _ = EFFECTS[action]
    kinds = ACTIONS[action].agents if role == "patient" else ACTIONS[action].patients
    while True:
        other = sample_thing(draws, draws.pick(kinds), names=0)
        agent, patient = (other, thing) if role == "patient" else (thing, other)
        event = sample_adjunct(draws, Event(agent, action, patient))
        opposite = replace(event, action=ACTIONS[action].opposite)
        if other.noun != thing.noun and split_of(event) == split == split_of(opposite):
            return event
