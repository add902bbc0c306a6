"""Realization of meanings as sentences, with the word order and the forms of a language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosslift.lab.concepts import ENTITY_TYPE, QUESTION_WORDS, UPOS
from crosslift.lab.meaning import Event, Meaning, Place, State, Thing

if TYPE_CHECKING:
    from crosslift.lab.language import Case, Language
    from crosslift.lab.vocabulary import Vocabulary

Word = tuple[str, str, str, str]
"""Form, universal part of speech, entity tag, part of the meaning."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in a language.  All tuples have one entry per word."""

    words: tuple[str, ...]
    upos: tuple[str, ...]
    entities: tuple[str, ...]
    """BIO tags of PER, LOC and ORG."""
    parts: tuple[str, ...]
    """The part of the meaning that each word expresses, such as "agent.noun"; translations link equal parts."""

    @property
    def text(self) -> str:
        """The words with a space between them."""
        return " ".join(self.words)


class Grammar:
    """Expresses meanings in one language."""

    def __init__(self, language: Language, vocabulary: Vocabulary) -> None:
        self.language = language
        self.vocabulary = vocabulary

    def say(self, meaning: Meaning, *, fronted: bool = False, end: str = ".") -> Sentence:
        """Return the sentence.  `fronted` moves place and time to the other end of the clause, `end` closes it."""
        clause = self._state(meaning) if isinstance(meaning, State) else self._event(meaning, fronted=fronted)
        return Sentence(*zip(*clause, (end, "PUNCT", "O", "end"), strict=True))

    def _event(self, event: Event, *, fronted: bool) -> list[Word]:
        chunks = {
            "S": self._thing(event.agent, "agent"),
            "V": self._negated([self._word(event.action, "action")], event.negated),
            "O": self._thing(event.patient, "patient", case="accusative"),
        }
        core = [word for letter in self.language.order for word in chunks[letter]]
        adjuncts = [*self._place(event.place), *([self._word(event.time, "time")] if event.time else [])]
        first = (self.language.adjuncts == "before") is not fronted
        return adjuncts + core if first else core + adjuncts

    def _state(self, state: State) -> list[Word]:
        """Return the words of a state: the property is where an object would be; without a copula, it is negated."""
        complement = [self._word(state.property, "state")]
        if not self.language.copula:
            complement = self._negated(complement, state.negated)
        copula = self._negated([self._word("is", "copula")], state.negated) if self.language.copula else []
        chunks = {"S": self._thing(state.thing, "agent"), "V": copula, "O": complement}
        return [word for letter in self.language.order for word in chunks[letter]]

    def _negated(self, words: list[Word], negated: bool) -> list[Word]:
        return self._beside(words, [self._word("not", "negation")] if negated else [], self.language.negation)

    def _thing(self, thing: Thing | None, part: str, *, case: Case | None = None) -> list[Word]:
        if thing is None:
            return []
        if thing.noun in QUESTION_WORDS:
            return [self._word(thing.noun, f"{part}.noun")]
        if thing.noun in ENTITY_TYPE:
            return self._name(thing, part, case=case)
        phrase = [self._word(thing.noun, f"{part}.noun", plural=thing.count > 1, case=case)]
        if thing.property:
            phrase = self._beside(phrase, [self._word(thing.property, f"{part}.property")], self.language.adjective)
        if thing.count > 1:
            phrase = [(str(thing.count), "NUM", "O", f"{part}.count"), *phrase]
        return [self._word("the", f"{part}.article"), *phrase] if self.language.article else phrase

    def _name(self, thing: Thing, part: str, *, case: Case | None) -> list[Word]:
        name = self._word(thing.noun, f"{part}.noun", case=case, entity="B-")
        return [name, self._word(thing.surname, f"{part}.surname", entity="I-")] if thing.surname else [name]

    def _place(self, place: Place | None) -> list[Word]:
        if place is None:
            return []
        if place.relation is None:
            return [self._word(place.noun, "place.noun")]
        locative = place.relation == "in" and "locative" in self.language.cases
        noun = [self._word(place.noun, "place.noun", case="locative" if locative else None, entity="B-")]
        relation = [] if locative else [self._word(place.relation, "place.relation")]
        return self._beside(noun, relation, self.language.adposition)

    def _word(
        self, concept: str, part: str, *, plural: bool = False, case: Case | None = None, entity: str = ""
    ) -> Word:
        kind = ENTITY_TYPE.get(concept)
        form = self.vocabulary.form(concept, plural=plural, case=case)
        return form, UPOS[concept], f"{entity}{kind}" if kind else "O", part

    @staticmethod
    def _beside(head: list[Word], dependent: list[Word], side: str) -> list[Word]:
        return dependent + head if side == "before" else head + dependent
