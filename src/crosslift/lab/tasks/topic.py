"""Topic classification of two sentences, with the topics of SIB-200."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosslift.api.examples import SentenceExample, Split
from crosslift.lab.concepts import MEMBERS, PROPERTIES_OF, TOPIC_KINDS, kind_of
from crosslift.lab.meaning import Event, Thing
from crosslift.lab.sampling import actions_between, sample_adjunct
from crosslift.lab.splits import until
from crosslift.lab.tasks.task import LabTask, Speakers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.lab.chance import Draws

LABELS = tuple(sorted(TOPIC_KINDS))


@dataclass(frozen=True, slots=True)
class Story:
    """Two events about one topic."""

    events: tuple[Event, Event]
    topic: str


class Topic(LabTask[Story]):
    """Topic classification, cycling through the topics."""

    task_type = "sentence"
    labels = LABELS

    def problems(self, draws: Draws, split: Split) -> Iterator[Story]:
        """Yield stories; their events belong to the split."""
        while True:
            for topic in draws.shuffled(LABELS):
                first = until(split, lambda topic=topic: _event_of(topic, draws))  # type: ignore[misc]
                second = until(split, lambda topic=topic: _event_of(topic, draws))  # type: ignore[misc]
                yield Story((first, second), topic)

    def example(self, problem: Story, identifier: str, speakers: Speakers) -> SentenceExample:
        """Return the two sentences as one text."""
        text = " ".join(speakers.language.say(event).text for event in problem.events)
        return SentenceExample(identifier, text, problem.topic)


def _event_of(topic: str, draws: Draws) -> Event:
    """Return an event whose patient belongs to the topic, and half of the time its agent too."""
    kind, trade = TOPIC_KINDS[topic]
    agent = Thing(draws.pick(trade if draws.chance(0.5) else MEMBERS["person"]))
    noun = draws.pick(MEMBERS[kind])
    patient = Thing(noun, draws.pick(PROPERTIES_OF[kind]) if draws.chance(0.5) else None)
    action = draws.pick(actions_between("person", kind_of(noun)))
    return sample_adjunct(draws, Event(agent, action, patient))
