"""Extractive question answering: who, what, where or when, answered by a span of a three-sentence context."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from crosslift.api.examples import Answer, ExtractiveQAExample, Split
from crosslift.lab.concepts import kind_of
from crosslift.lab.meaning import Event, Place, Thing
from crosslift.lab.sampling import sample_event
from crosslift.lab.splits import split_of, until
from crosslift.lab.tasks.task import LabTask, Speakers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.lab.chance import Draws
    from crosslift.lab.grammar import Sentence

_EVENTS = 3
_ANSWER_PARTS = {
    "agent": ("agent.count", "agent.property", "agent.noun", "agent.surname"),
    "patient": ("patient.count", "patient.property", "patient.noun", "patient.surname"),
    "place": ("place.noun",),
    "time": ("time",),
}


@dataclass(frozen=True, slots=True)
class Question:
    """A context, the index of the event asked about, the part asked for, and the question."""

    context: tuple[Event, ...]
    about: int
    part: str
    question: Event


class SpanQa(LabTask[Question]):
    """Extractive question answering, one question per context; only one event of the context answers it."""

    task_type = "extractive_qa"

    def problems(self, draws: Draws, split: Split) -> Iterator[Question]:
        """Yield questions; the events of the context and the question belong to the split."""
        while True:
            context = tuple(until(split, lambda: sample_event(draws, transitive=1, negated=0)) for _ in range(_EVENTS))
            fitting = (asked for asked in _asked(context, draws) if split_of(asked.question) == split)
            yield from islice(fitting, 1)

    def example(self, problem: Question, identifier: str, speakers: Speakers) -> ExtractiveQAExample:
        """Return question, context and the answer with its offset."""
        say = speakers.language.say
        sentences = [say(event) for event in problem.context]
        before = sum(len(sentence.text) + 1 for sentence in sentences[: problem.about])
        answer = _answer(sentences[problem.about], _ANSWER_PARTS[problem.part])
        context = " ".join(sentence.text for sentence in sentences)
        question = say(problem.question, end="?").text
        return ExtractiveQAExample(identifier, question, context, (replace(answer, start=before + answer.start),))


def _asked(context: tuple[Event, ...], draws: Draws) -> Iterator[Question]:
    """Yield, in random order, the questions that only one event of the context answers."""
    choices = [(about, *asked) for about, event in enumerate(context) for asked in _questions(event)]
    for about, part, question in draws.shuffled(choices):
        if [_core(event, part) for event in context].count(_core(context[about], part)) == 1:
            yield Question(context, about, part, question)


def _questions(event: Event) -> list[tuple[str, Event]]:
    """Return every part that can be asked for; a question leaves out place and time unless it asks for them."""
    bare = replace(event, place=None, time=None)
    patient = "who" if event.patient and kind_of(event.patient.noun) == "person" else "what"
    questions = [
        ("agent", replace(bare, agent=Thing("who"))),
        ("patient", replace(bare, patient=Thing(patient))),
    ]
    if event.place:
        questions.append(("place", replace(bare, place=Place("where", None))))
    if event.time:
        questions.append(("time", replace(bare, time="when")))
    return questions


def _core(event: Event, part: str) -> tuple[Thing | str | None, ...]:
    """Return the parts of an event that the question mentions."""
    agent, patient = event.agent, event.patient
    return (None if part == "agent" else agent, event.action, None if part == "patient" else patient)


def _answer(sentence: Sentence, parts: tuple[str, ...]) -> Answer:
    """Return the words that express these parts, which are adjacent in every language."""
    places = [index for index, part in enumerate(sentence.parts) if part in parts]
    first, last = places[0], places[-1]
    start = sum(len(word) + 1 for word in sentence.words[:first])
    return Answer(" ".join(sentence.words[first : last + 1]), start)
