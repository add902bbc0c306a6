"""A language of the lab, described by its dials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WordOrder = Literal["SVO", "SOV", "VSO", "VOS", "OVS", "OSV"]
Side = Literal["before", "after"]
Case = Literal["accusative", "locative"]


@dataclass(frozen=True)
class Language:
    """One language: everything that makes it near to the source language, or far from it."""

    code: str
    """From qaa to qtz, which ISO 639-3 keeps free for private use."""
    name: str
    order: WordOrder = "SVO"
    adjective: Side = "before"
    """Where the adjective stands, seen from the noun."""
    adposition: Side = "before"
    """Before the noun phrase (preposition) or after it (postposition)."""
    negation: Side = "before"
    """Where the negation stands, seen from the verb."""
    adjuncts: Side = "after"
    """Where place and time stand, seen from the rest of the clause."""
    cases: tuple[Case, ...] = ()
    """Cases that are marked by a suffix.  A locative replaces the adposition of rest, "in"."""
    plural: bool = True
    """Whether nouns take a suffix when there are several."""
    article: bool = False
    """Whether nouns take a definite article."""
    copula: bool = True
    """Whether "is" is said."""
    cognates: float = 0.0
    """The share of words that come from the source language's word."""
    drift: float = 0.5
    """The share of cognates that are spelled differently from the source word (transliteration aside)."""
    script: str = "Latn"
    """ISO 15924."""
    resources: float = 1.0
    """How much text and bitext there is, as a share of what the source language has."""

    @property
    def description(self) -> str:
        """The dials in one line."""
        parts = [self.order, *([f"{self.cognates:.0%} cognates"] if self.cognates else []), f"{self.script} script"]
        parts += [f"{'post' if self.adposition == 'after' else 'pre'}positions"]
        parts += [f"{len(self.cases)} marked cases"] if self.cases else []
        parts += ["low resource"] if self.resources < 0.5 else []
        return ", ".join(parts)

    def distance(self, other: Language) -> float:
        """Return how far two languages are apart: 0 for the same dials, 1 for everything different.

        Half of it is vocabulary (words that are not shared, or shared but not recognisable in writing), half grammar.
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
