"""Intent classification of commands to a voice assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.api.examples import SentenceExample, Split
from crosslift.lab.tasks.command import INTENTS, Command, commands
from crosslift.lab.tasks.task import LabTask, Speakers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.lab.chance import Draws


class Intent(LabTask[Command]):
    """Intent classification, on the commands of the lab task slots."""

    task_type = "sentence"
    labels = tuple(INTENTS)

    def problems(self, draws: Draws, split: Split) -> Iterator[Command]:
        """Yield commands of the split."""
        return commands(draws, split)

    def example(self, problem: Command, identifier: str, speakers: Speakers) -> SentenceExample:
        """Return the command and its intent."""
        return SentenceExample(identifier, speakers.language.say(problem.event).text, problem.intent)
