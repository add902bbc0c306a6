"""The lab task contract: problems are drawn as meanings and then expressed in a language."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.api.examples import Example, Split, TaskType
    from crosslift.lab.chance import Draws
    from crosslift.lab.grammar import Grammar

Problem = TypeVar("Problem")


@dataclass(frozen=True, slots=True)
class Speakers:
    """The grammar of the language asked for, and that of the source language for tasks across languages."""

    language: Grammar
    source: Grammar


class LabTask(ABC, Generic[Problem]):
    """Base class of lab tasks, one per file of this package.

    A problem is language-independent: meanings and gold answers.  It yields the same example in every language, so the
    examples of two languages are translations of each other.
    """

    task_type: ClassVar[TaskType]
    labels: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def problems(self, draws: Draws, split: Split) -> Iterator[Problem]:
        """Yield problems without end; all their meanings belong to the split."""

    @abstractmethod
    def example(self, problem: Problem, identifier: str, speakers: Speakers) -> Example:
        """Return the problem as an example in a language."""
