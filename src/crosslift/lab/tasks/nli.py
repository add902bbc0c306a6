"""Natural language inference: the premise entails the hypothesis, contradicts it, or leaves it open.

Both sentences describe the same scene, as in MNLI, so statements that exclude each other contradict.  A premise has one
hypothesis per label.  All three are built in the same way (a shortened, perhaps more general premise in which at most
one part is replaced, perhaps negated), so that a hypothesis alone reveals almost nothing about its label.
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
    """A premise, a hypothesis and their relation."""

    premise: Event
    hypothesis: Event
    label: Label


class Nli(LabTask[Inference]):
    """Natural language inference with three hypotheses per premise."""

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

    Place and time are equally frequent because neutral hypotheses replace one by the other.
    """
    event = replace(sample_event(draws, negated=0), place=None, time=None)
    return event if draws.chance(0.4) else sample_adjunct(draws, event)


def _hypothesis_of(split: Split, premise: Event, label: Label, draws: Draws) -> Inference | None:
    """Return a hypothesis with this label and split, or None if a few dozen draws yield none."""
    # Decided before the draws; otherwise labels that are rejected more often would be negated more often.
    negated = draws.chance(NEGATED[label])
    for _ in range(_TRIES):
        hypothesis = sample_hypothesis(premise, label, draws, negated=negated)
        if hypothesis and split_of(hypothesis) == split:
            return Inference(premise, hypothesis, label)
    return None
