"""The words of a language, generated from its parameters and a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.lab.chance import Draws
from crosslift.lab.concepts import NAMES, UPOS
from crosslift.lab.script import write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crosslift.lab.language import Case, Language

_VOWELS = "aeiou"
_CONSONANTS = "bdfghjklmnprstvz"
_INFLECTED = frozenset({"NOUN", "PROPN"})
_SHORT = frozenset({"ADP", "DET", "PART", "AUX"})
SUFFIXES = ("plural", "accusative", "locative")


class Vocabulary:
    """Word forms of one language.

    `source` is the vocabulary that cognates come from; None makes this the source language itself.
    """

    def __init__(self, language: Language, *, seed: int, source: Vocabulary | None = None) -> None:
        self.language = language
        self._draws = Draws(seed, "vocabulary", language.code)
        self._source = source
        # Each language uses few sounds, so its words are recognizable.
        self._consonants = self._draws.shuffled(_CONSONANTS)[:11]
        self._vowels = self._draws.shuffled(_VOWELS)[:4]
        self._taken = set(source.stems.values()) if source else set()
        self.stems: dict[str, str] = self._make_stems(source.stems if source else {})
        self._suffixes = self._make_suffixes()
        self._forms: dict[tuple[str, bool, Case | None], str] = {}

    def form(self, concept: str, *, plural: bool = False, case: Case | None = None) -> str:
        """Return the written word form; a suffix that the language lacks is left out."""
        key = (concept, plural, case)
        if key not in self._forms:
            self._forms[key] = self._inflect(concept, plural, case)
        return self._forms[key]

    def translations(self, concept: str, other: Vocabulary) -> set[tuple[str, str]]:
        """Return (word, translation) of a concept for every number and case of a noun."""
        return {
            (self.form(concept, plural=plural, case=case), other.form(concept, plural=plural, case=case))
            for plural, case in _slots(concept)
        }

    def forms(self, concept: str) -> tuple[str, ...]:
        """Return the forms of a concept that occur in sentences, the bare form first."""
        if UPOS[concept] not in _INFLECTED:
            return (self.form(concept),)
        return tuple(dict.fromkeys(self.form(concept, plural=plural, case=case) for plural, case in _slots(concept)))

    def _inflect(self, concept: str, plural: bool, case: Case | None) -> str:
        suffix = self._suffixes["plural"] if plural and self.language.plural else ""
        suffix += self._suffixes[case] if case in self.language.cases else ""
        return write(self.stems[concept] + suffix, self.language.script)

    def _make_stems(self, source: Mapping[str, str]) -> dict[str, str]:
        """Return the stems: names are shared by all languages, and a random share of other words are cognates."""
        words = [concept for concept in UPOS if concept not in NAMES]
        count = round(self.language.cognates * len(words)) if source else 0
        self._cognates = frozenset(self._draws.shuffled(words)[:count])
        stems = {}
        for concept in UPOS:
            if concept in NAMES and source:
                stems[concept] = source[concept]
            elif concept in self._cognates:
                stems[concept] = self._drifted(source[concept])
            else:
                stems[concept] = self._new_stem(concept)
        return stems

    def _new_stem(self, concept: str) -> str:
        syllables = 1 if UPOS[concept] in _SHORT else 2
        while True:
            stem = "".join(self._syllable() for _ in range(syllables))
            if len(stem) > 1 and stem not in self._taken:
                break
        self._taken.add(stem)
        return stem.capitalize() if concept in NAMES else stem

    def _syllable(self) -> str:
        coda = self._draws.pick(self._consonants) if self._draws.chance(0.4) else ""
        return self._draws.pick(self._consonants) + self._draws.pick(self._vowels) + coda

    def _drifted(self, word: str) -> str:
        """Return the word, or one that differs in one letter."""
        if not self._draws.chance(self.language.drift):
            return word
        while True:
            place = int(self._draws.uniform() * len(word))
            letters = _VOWELS if word[place] in _VOWELS else _CONSONANTS
            changed = word[:place] + self._draws.pick(letters) + word[place + 1 :]
            if changed not in self._taken:
                self._taken.add(changed)
                return changed

    def _make_suffixes(self) -> dict[str, str]:
        choices = [vowel + consonant for vowel in self._vowels for consonant in self._consonants]
        return dict(zip(SUFFIXES, self._draws.shuffled(choices), strict=False))


def _slots(concept: str) -> list[tuple[bool, Case | None]]:
    """Return the (plural, case) combinations of a concept."""
    cases: tuple[Case | None, ...] = (None, "accusative", "locative")
    inflected = UPOS[concept] in _INFLECTED
    return [(plural, case) for plural in (False, True) for case in (cases if inflected else cases[:1])]
