"""Prompts: a text, or two, inside a sentence that says what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.api.examples import TaskType
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.encoder.tokenization import longest_first
from crosslift.errors import DataError, RecipeError, nearest

PLACES: dict[str, tuple[str, ...]] = {"sentence": ("{text}",), "pair": ("{first}", "{second}")}
"""What stands for the texts of an example, by the form of the task."""
_PROMPT = -1
"""Owner of a word that is the prompt's own; texts own theirs by their number."""


@dataclass(frozen=True)
class Prompt:
    """A template such as ``xnli: premise: {first} hypothesis: {second}``.

    Its own words are special tokens: they are never masked, moved or exchanged, and never cut.
    """

    template: str
    task_type: TaskType

    def __post_init__(self) -> None:
        if self.task_type not in PLACES:
            raise RecipeError(
                f"prompt: a '{self.task_type}' task cannot be put into a sentence (forms: {', '.join(PLACES)})"
            )
        for word in self.template.split():
            if ("{" in word or "}" in word) and word not in self.places:
                raise RecipeError(
                    f"prompt: '{word}' in '{self.template}' stands for nothing{nearest(word, self.places)} (a "
                    f"'{self.task_type}' task has {' and '.join(self.places)}, each between blanks)"
                )
        for place in self.places:
            if (times := self.template.split().count(place)) != 1:
                raise RecipeError(
                    f"prompt: '{self.template}' has {place} {times} times; a '{self.task_type}' task needs it once"
                )

    @property
    def places(self) -> tuple[str, ...]:
        """What stands for the texts."""
        return PLACES[self.task_type]

    def tokens(
        self, encoder: Encoder, examples: Sequence[tuple[str, ...]], *, max_length: int, language: str | None
    ) -> list[Tokens]:
        """Return the prompt with the texts of each example put in; `Tokens.words` counts from 0 in each text.

        Args:
            encoder: whose tokenizer is used; texts are split at blanks.
            examples: the texts of each, as many as the form has.
            max_length: tokens at most; the longest text is cut first.
            language: of all texts.

        Raises:
            DataError: an example with more or fewer texts.
            RecipeError: no room for the texts.
        """
        rows = [self._filled(texts) for texts in examples]
        uncut = encoder.tokenize_words([[word for word, _, _ in row] for row in rows], language=language)
        limit = min(max_length, encoder.max_length)
        return [self._cut(tokens, row, limit) for tokens, row in zip(uncut, rows, strict=True)]

    def _filled(self, texts: tuple[str, ...]) -> list[tuple[str, int, int]]:
        """Return the words, whose they are, and their number in their text."""
        if len(texts) != len(self.places):
            raise DataError(
                f"the prompt '{self.template}' takes {len(self.places)} text(s), but an example has {len(texts)}"
            )
        filled = []
        for word in self.template.split():
            owner = self.places.index(word) if word in self.places else _PROMPT
            words = [word] if owner == _PROMPT else texts[owner].split()
            filled += [(part, owner, number if owner != _PROMPT else -1) for number, part in enumerate(words)]
        return filled

    def _cut(self, tokens: Tokens, row: Sequence[tuple[str, int, int]], limit: int) -> Tokens:
        assert tokens.words is not None
        owners = [row[word][1] if word >= 0 else _PROMPT for word in tokens.words]
        left = self._lengths(owners, limit)
        kept = []
        for place, owner in enumerate(owners):
            if owner == _PROMPT or left[owner] > 0:
                kept.append(place)
            if owner != _PROMPT:
                left[owner] -= 1
        return Tokens(
            ids=tuple(tokens.ids[place] for place in kept),
            special=tuple(tokens.special[place] or owners[place] == _PROMPT for place in kept),
            segments=tuple(int(owners[place] == 1) for place in kept),
            words=tuple(row[tokens.words[place]][2] if tokens.words[place] >= 0 else -1 for place in kept),
            language=tokens.language,
        )

    def _lengths(self, owners: Sequence[int], limit: int) -> list[int]:
        """Return how many tokens of each text are kept."""
        counts = [owners.count(owner) for owner in range(len(self.places))]
        room = limit - owners.count(_PROMPT)
        if room < len(counts):
            raise RecipeError(
                f"max_length: {limit} leaves no room for a text: the prompt '{self.template}' alone takes "
                f"{limit - room} tokens"
            )
        return [min(counts[0], room)] if len(counts) == 1 else list(longest_first(counts[0], counts[1], room))
