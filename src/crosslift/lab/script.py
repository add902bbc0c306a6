"""Writing systems: transliteration of words from Latin letters."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

LATIN: Final = "abdefghijklmnoprstuvz"
"""The sounds of the lab."""

_ALPHABETS: Final = MappingProxyType({
    "Latn": LATIN,
    "Cyrl": "абдефгхижклмнопрстувз",
    "Grek": "αβδεφγχιξκλμνοπρστυψζ",
    "Geor": "აბდეფგჰიჯკლმნოპრსტუვზ",
    "Armn": "աբդեֆգհիջկլմնոպրստըվզ",
})  # fmt: skip
_CONSONANTS: Final = dict(zip("bdfghjklmnprstvz", "बदफगहजकलमनपरसतवय", strict=True))
_VOWELS: Final = dict(zip("aeiou", ("अा", "एे", "इि", "ओो", "उु"), strict=True))

SCRIPTS: Final = (*_ALPHABETS, "Deva")
"""ISO 15924 codes of the scripts that languages can be written in."""


def write(word: str, script: str) -> str:
    """Return a word in Latin letters written in another script, with capitals where the script has them.

    >>> write("Manu", "Cyrl")
    'Ману'
    >>> write("amin", "Deva")
    'अमिन'
    """
    if script == "Latn":
        return word
    if script == "Deva":
        return _write_devanagari(word.lower())
    written = word.lower().translate(str.maketrans(LATIN, _ALPHABETS[script]))
    # Georgian has capitals in Unicode, but names do not begin with them.
    return written.capitalize() if word[0].isupper() and script != "Geor" else written


def _write_devanagari(word: str) -> str:
    """Return a word in Devanagari: a vowel after a consonant is a sign on it, otherwise a separate letter."""
    letters = []
    for before, letter in zip(" " + word, word, strict=False):
        if letter in _CONSONANTS:
            letters.append(_CONSONANTS[letter])
        else:
            letters.append(_VOWELS[letter][before in _CONSONANTS])
    return "".join(letters)
