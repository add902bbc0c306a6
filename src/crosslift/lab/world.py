"""The world of the lab: text, bitext, lexicons and examples in every language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from crosslift.errors import InputError, LanguageError, nearest
from crosslift.lab.chance import Draws
from crosslift.lab.concepts import UPOS
from crosslift.lab.grammar import Grammar, Sentence
from crosslift.lab.passage import passage
from crosslift.lab.presets import PRESETS
from crosslift.lab.sampling import sample
from crosslift.lab.splits import split_of
from crosslift.lab.tasks import LAB_TASKS
from crosslift.lab.tasks.task import Speakers
from crosslift.lab.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosslift.api.examples import Example, Split
    from crosslift.lab.language import Language
    from crosslift.lab.meaning import Meaning


@dataclass(frozen=True, slots=True)
class LabPair:
    """A sentence and its translation; `links` are the gold word links (source word, target word), from 0."""

    source: str
    target: str
    links: tuple[tuple[int, int], ...]


class World:
    """A small world and the languages spoken in it.

    The same seed always gives the same words, texts and examples.  Results are cached: languages share the problems of
    a task, and the seeds of a recipe share the whole world (`shared_world`).

    >>> world = World()
    >>> [language.code for language in world.languages][:2]
    ['qaa', 'qab']
    """

    def __init__(self, seed: int = 0, *, languages: Sequence[Language] = PRESETS) -> None:
        self.seed = seed
        self.languages = tuple(languages)
        self._grammars: dict[str, Grammar] = {}
        self._passages = cache(self._draw_passages)
        self._pairs = cache(self._draw_pairs)
        self._problems = cache(self._draw_problems)
        self._examples = cache(self._draw_examples)

    @property
    def source(self) -> Language:
        """The language with labelled training data: the first."""
        return self.languages[0]

    @property
    def targets(self) -> tuple[Language, ...]:
        """All languages except the source."""
        return self.languages[1:]

    def language(self, code: str) -> Language:
        """Return the language with this code.

        Raises:
            LanguageError: no language of this world has the code.
        """
        codes = {language.code: language for language in self.languages}
        if code not in codes:
            raise LanguageError(
                f"the lab has no language '{code}'{nearest(code, codes)} (available: {', '.join(codes)})"
            )
        return codes[code]

    def grammar(self, code: str) -> Grammar:
        """Return the grammar of this language."""
        if code not in self._grammars:
            language = self.language(code)
            source = None if language == self.source else self.grammar(self.source.code).vocabulary
            self._grammars[code] = Grammar(language, Vocabulary(language, seed=self.seed, source=source))
        return self._grammars[code]

    def say(self, meaning: Meaning, language: str) -> Sentence:
        """Return the meaning as a sentence in the language."""
        return self.grammar(language).say(meaning)

    def split_of(self, meaning: Meaning) -> Split:
        """Return the split that a meaning belongs to, whatever the language, task or seed of the draw.

        Text and bitext contain meanings of the train split only.
        """
        return split_of(meaning)

    def text(self, language: str, count: int, *, seed: int = 0) -> list[str]:
        """Return `count` passages of two or three sentences; texts of different languages are not parallel."""
        return list(self._passages(language, count, seed))

    def bitext(self, source: str, target: str, count: int, *, seed: int = 0) -> list[LabPair]:
        """Return `count` sentences with their translations and gold word links."""
        return list(self._pairs(source, target, count, seed))

    def lexicon(self, source: str, target: str) -> list[tuple[str, str]]:
        """Return every (word form, translation) of two languages, including names, sorted."""
        left, right = self.grammar(source).vocabulary, self.grammar(target).vocabulary
        return sorted({pair for concept in UPOS for pair in left.translations(concept, right)})

    def word_forms(self, language: str) -> dict[str, tuple[str, ...]]:
        """Return each word form of the language and the other forms of the same word; words with one form have none."""
        vocabulary = self.grammar(language).vocabulary
        rows = [vocabulary.forms(concept) for concept in UPOS]
        return {form: tuple(other for other in forms if other != form) for forms in rows for form in forms}

    def examples(self, task: str, language: str, split: Split, count: int, *, seed: int = 0) -> list[Example]:
        """Return `count` examples of a lab task.

        Examples with the same id (and seed) have the same meaning in every language.

        Raises:
            InputError: no such lab task.
            LanguageError: no such language.
        """
        if task not in LAB_TASKS:
            raise InputError(
                f"the lab has no task '{task}'{nearest(task, LAB_TASKS)} (available: {', '.join(LAB_TASKS)})"
            )
        return list(self._examples(task, language, split, count, seed))

    def _draw_passages(self, language: str, count: int, seed: int) -> tuple[str, ...]:
        grammar = self.grammar(language)
        draws = Draws(self.seed, "text", language, seed)
        return tuple(
            " ".join(grammar.say(meaning, fronted=draws.chance(0.2)).text for meaning in passage(draws, "train"))
            for _ in range(count)
        )

    def _draw_pairs(self, source: str, target: str, count: int, seed: int) -> tuple[LabPair, ...]:
        draws = Draws(self.seed, "bitext", source, target, seed)
        left, right = self.grammar(source), self.grammar(target)
        meanings = (sample(draws, split="train") for _ in range(count))
        return tuple(_pair(left.say(meaning), right.say(meaning)) for meaning in meanings)

    def _draw_problems(self, task: str, split: Split, count: int, seed: int) -> tuple[Any, ...]:
        problems = LAB_TASKS[task].problems(Draws(self.seed, "task", task, split, seed), split)
        return tuple(islice(problems, count))

    def _draw_examples(self, task: str, language: str, split: Split, count: int, seed: int) -> tuple[Example, ...]:
        speakers = Speakers(self.grammar(language), self.grammar(self.source.code))
        return tuple(
            LAB_TASKS[task].example(problem, f"{task}-{split}-{seed}-{index}", speakers)
            for index, problem in enumerate(self._problems(task, split, count, seed))
        )


@cache
def shared_world(seed: int) -> World:
    """Return the world of a seed with the preset languages, always the same object."""
    return World(seed)


def lab_task_names() -> tuple[str, ...]:
    """Return the task names that `World.examples` accepts."""
    return tuple(LAB_TASKS)


def _pair(source: Sentence, target: Sentence) -> LabPair:
    where = {part: index for index, part in enumerate(target.parts)}
    links = tuple((index, where[part]) for index, part in enumerate(source.parts) if part in where)
    return LabPair(source.text, target.text, links)
