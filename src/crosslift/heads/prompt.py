"""Prompts: a template that the one or two texts of an example are put into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.api.examples import TaskType
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.encoder.special_tokens import longest_first
from crosslift.errors import DataError, RecipeError, nearest

PLACES: dict[str, tuple[str, ...]] = {"sentence": ("{text}",), "pair": ("{first}", "{second}")}
"""Placeholders of an example's texts, by task type."""
_PROMPT = -1
"""Owner of the template's own words; words of a text have its number."""


@dataclass(frozen=True)
class Prompt:
    """A template such as ``xnli: premise: {first} hypothesis: {second}``.

    Its own words count as special tokens: they are never masked, moved, replaced or truncated.

    Raises:
        RecipeError: a task type without a prompt, an unknown placeholder, or one that is missing or repeated.
    """

    template: str
    task_type: TaskType

    def __post_init__(self) -> None:
        if self.task_type not in PLACES:
            raise RecipeError(
                f"prompt: a '{self.task_type}' task cannot have a prompt (task types: {', '.join(PLACES)})"
            )
        for word in self.template.split():
            if ("{" in word or "}" in word) and word not in self.places:
                raise RecipeError(
                    f"prompt: unknown placeholder '{word}' in '{self.template}'{nearest(word, self.places)} (a "
                    f"'{self.task_type}' task has {' and '.join(self.places)}, each between spaces)"
                )
        for place in self.places:
            if (times := self.template.split().count(place)) != 1:
                raise RecipeError(
                    f"prompt: '{self.template}' has {place} {times} times; a '{self.task_type}' task needs it once"
                )

    @property
    def places(self) -> tuple[str, ...]:
        """Placeholders of the texts."""
        return PLACES[self.task_type]

    def tokens(
        self, encoder: Encoder, examples: Sequence[tuple[str, ...]], *, max_length: int, language: str | None
    ) -> list[Tokens]:
        """Return the tokens of the prompt with the texts of each example; `Tokens.words` counts from 0 in each text.

        Args:
            encoder: has the tokenizer; texts are split at white space.
            examples: the texts of each example, as many as the task type has.
            max_length: tokens an input is truncated to; the longest text is truncated first.
            language: language of all texts.

        Raises:
            DataError: an example with more or fewer texts.
            RecipeError: `max_length` leaves no room for the texts.
        """
        rows = [self._filled(texts) for texts in examples]
        uncut = encoder.tokenize_words([[word for word, _, _ in row] for row in rows], language=language)
        limit = min(max_length, encoder.max_length)
        return [self._cut(tokens, row, limit) for tokens, row in zip(uncut, rows, strict=True)]

    def _filled(self, texts: tuple[str, ...]) -> list[tuple[str, int, int]]:
        """Return each word with its owner and its index in its text."""
        if len(texts) != len(self.places):
            raise DataError(
                f"the prompt '{self.template}' takes {len(self.places)} text(s), found an example with {len(texts)}"
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
        """Return the number of tokens kept of each text."""
        counts = [owners.count(owner) for owner in range(len(self.places))]
        room = limit - owners.count(_PROMPT)
        if room < len(counts):
            raise RecipeError(
                f"max_length: {limit} leaves no room for a text: the prompt '{self.template}' alone takes "
                f"{limit - room} tokens"
            )
        return [min(counts[0], room)] if len(counts) == 1 else list(longest_first(counts[0], counts[1], room))
