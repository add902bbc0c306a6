"""A language of the lab, described by its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WordOrder = Literal["SVO", "SOV", "VSO", "VOS", "OVS", "OSV"]
Side = Literal["before", "after"]
Case = Literal["accusative", "locative"]


@dataclass(frozen=True)
class Language:
    """One language: all parameters that make it similar to the source language, or distant from it."""

    code: str
    """From qaa to qtz, which ISO 639-3 reserves for private use."""
    name: str
    order: WordOrder = "SVO"
    adjective: Side = "before"
    """Position of the adjective relative to the noun."""
    adposition: Side = "before"
    """Before the noun phrase (preposition) or after it (postposition)."""
    negation: Side = "before"
    """Position of the negation relative to the verb."""
    adjuncts: Side = "after"
    """Position of place and time relative to the rest of the clause."""
    cases: tuple[Case, ...] = ()
    """Cases marked by a suffix.  A locative replaces the adposition "in"."""
    plural: bool = True
    """Whether plural nouns take a suffix."""
    article: bool = False
    """Whether nouns take a definite article."""
    copula: bool = True
    """Whether there is a word for "is"."""
    cognates: float = 0.0
    """The share of words derived from the source language's word."""
    drift: float = 0.5
    """The share of cognates that are spelled differently from the source word (transliteration aside)."""
    script: str = "Latn"
    """ISO 15924."""
    resources: float = 1.0
    """The amount of text and bitext, as a share of the source language's."""

    @property
    def description(self) -> str:
        """The parameters in one line."""
        parts = [self.order, *([f"{self.cognates:.0%} cognates"] if self.cognates else []), f"{self.script} script"]
        parts += [f"{'post' if self.adposition == 'after' else 'pre'}positions"]
        parts += [f"{len(self.cases)} marked cases"] if self.cases else []
        parts += ["low resource"] if self.resources < 0.5 else []
        return ", ".join(parts)

    def distance(self, other: Language) -> float:
        """Return the distance of two languages: 0 for equal parameters, 1 if everything differs.

        Half of it is vocabulary (words that are not shared, or not recognizable in the other script), half grammar.
        """
        shared = 1.0 if self == other else min(self.cognates or 1.0, other.cognates or 1.0)
        return (1 - shared + (self.script != other.script)) / 4 + self._grammar_distance(other) / 2

    def _grammar_distance(self, other: Language) -> float:
        mine, theirs = self._grammar, other._grammar
        return sum(one != other for one, other in zip(mine, theirs, strict=True)) / len(mine)

    @property
    def _grammar(self) -> tuple[object, ...]:
        sides = (self.adjective, self.adposition, self.negation, self.adjuncts)
        return (self.order, *sides, self.cases, self.plural, self.article, self.copula)
