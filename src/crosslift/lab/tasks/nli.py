"""Natural language inference: does the premise entail the hypothesis, contradict it, or leave it open?

Both sentences speak of the same scene, as in MNLI: what excludes each other contradicts.  A premise has one hypothesis
of each label.  All three are built alike (a shortened, perhaps more general premise in which at most one part is
exchanged, perhaps negated), so that a hypothesis alone says next to nothing about its label.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crosslift.api.examples import PairExample, Split
from crosslift.lab.inference import LABELS, NEGATED, Label, sample_hypothesis
from crosslift.lab.sampling import sample_adjunct, sample_event
from crosslift.lab.splits import split_of, until
from crosslift.lab.tasks.task import LabTask, Speakers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.lab.chance import Draws
    from crosslift.lab.meaning import Event

_TRIES = 40


@dataclass(frozen=True, slots=True)
class Inference:
    """A premise, a hypothesis, and what the one says about the other."""

    premise: Event
    hypothesis: Event
    label: Label


class Nli(LabTask[Inference]):
    """Three hypotheses a premise."""

    task_type = "pair"
    labels = LABELS

    def problems(self, draws: Draws, split: Split) -> Iterator[Inference]:
        """Yield inferences; premise and hypothesis belong to the split."""
        while True:
            premise = until(split, lambda: sample_premise(draws))
            hypotheses = [_hypothesis_of(split, premise, label, draws) for label in draws.shuffled(LABELS)]
            if all(hypotheses):
                yield from (inference for inference in hypotheses if inference)

    def example(self, problem: Inference, identifier: str, speakers: Speakers) -> PairExample:
        """Return premise and hypothesis as a pair."""
        say = speakers.language.say
        return PairExample(identifier, say(problem.premise).text, say(problem.hypothesis).text, problem.label)


def sample_premise(draws: Draws) -> Event:
    """Return an affirmative event with a place, a time, or neither.

    Place and time are equally frequent because neutral hypotheses exchange the one for the other.
    """
    event = replace(sample_event(draws, negated=0), place=None, time=None)
    return event if draws.chance(0.4) else sample_adjunct(draws, event)


def _hypothesis_of(split: Split, premise: Event, label: Label, draws: Draws) -> Inference | None:
    """Return a hypothesis of this label and split, or None if a few dozen draws bring none."""
    # Decided before the draws: else the labels that are turned down more often would be negated more often.
    negated = draws.chance(NEGATED[label])
    for _ in range(_TRIES):
        hypothesis = sample_hypothesis(premise, label, draws, negated=negated)
        if hypothesis and split_of(hypothesis) == split:
            return Inference(premise, hypothesis, label)
    return None
