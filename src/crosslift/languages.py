"""The table of languages, with lookup by any code that a benchmark uses.

Resource levels follow the classes of joshi-etal-2020-state: high is 5 and 4, middle 3, low 2 to 0.
Families are top-level ones; creoles, constructed languages and isolates are named as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from crosslift.errors import LanguageError, nearest

_PRIVATE_USE = re.compile(r"q[a-t][a-z]")
_WITH_REGION = re.compile(r"([a-z]{2,3})-[a-z]{2}")
_TABLE = Path(__file__).with_suffix(".tsv")


@dataclass(frozen=True, slots=True)
class Language:
    """One language."""

    iso: str
    """ISO 639-3, or 639-2 for a group that a benchmark treats as one language."""
    name: str
    script: str
    """ISO 15924: the usual script, which the benchmarks use too."""
    family: str
    resources: str
    """`high`, `middle` or `low`; `artificial` for a language of the lab."""
    short: str | None = None
    """ISO 639-1."""
    flores: str | None = None
    """Code in FLORES and in benchmarks based on it, such as SIB-200."""
    also: tuple[str, ...] = ()
    """Other codes in use."""

    @property
    def code(self) -> str:
        """The shortest standard code: of two letters if there is one, else of three."""
        return self.short or self.iso

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes of the language."""
        return tuple(dict.fromkeys(filter(None, (self.short, self.iso, self.flores, *self.also))))


@cache
def table() -> tuple[Language, ...]:
    """Return all languages of the table, sorted by ISO 639-3."""
    _, *lines = _TABLE.read_text(encoding="utf-8").rstrip("\n").split("\n")
    return tuple(_language(*line.split("\t")) for line in lines)


def _language(
    iso: str, short: str, name: str, script: str, family: str, resources: str, flores: str, also: str
) -> Language:
    return Language(iso, name, script, family, resources, short or None, flores or None, tuple(also.split()))


@cache
def _by_code() -> dict[str, Language]:
    return {code.lower(): language for language in table() for code in language.codes}


def get(code: str) -> Language:
    """Return the language with a code of ISO 639-1, 639-3, FLORES or a benchmark.

    A region after the code is ignored: "af-ZA" is Afrikaans.  The private-use codes of ISO 639-3, qaa to qtz, are
    artificial languages, as in the lab.  Two codes with a hyphen denote a text in two languages, as in MLQA, with
    the script and family of the first.

    Raises:
        LanguageError: no language has this code; the message names the nearest one.

    >>> get("sw").name, get("swh_Latn").iso, get("swa").code
    ('Swahili', 'swh', 'sw')
    """
    if _PRIVATE_USE.fullmatch(code):
        return artificial(code)
    first, hyphen, second = code.partition("-")
    if hyphen and code.lower() not in _by_code() and second == second.lower() and {first, second} <= _by_code().keys():
        return _pair(get(first), get(second))
    known = _known(code)
    if known is None:
        hint = nearest(code.lower(), _by_code())
        raise LanguageError(f"unknown language code '{code}'{hint} (ISO 639 and FLORES codes are known)")
    return known


def _known(code: str) -> Language | None:
    """Return the language of a code, or of the code before a region as in "af-ZA"; None if there is none."""
    named = _WITH_REGION.fullmatch(code.lower())
    return _by_code().get(code.lower()) or (_by_code().get(named[1]) if named else None)


def same(one: str, other: str) -> bool:
    """Return whether two codes denote the same language.

    >>> same("eng_Latn", "en"), same("en-US", "en"), same("qaa", "qaa"), same("qaa", "qab")
    (True, True, True, False)
    """
    return one == other or (_known(one) is not None and _known(one) == _known(other))


def _pair(first: Language, second: Language) -> Language:
    """Return two languages as one, with the lower of the two levels of resources."""
    levels = ("low", "middle", "high")
    resources = min(first.resources, second.resources, key=levels.index)
    name = f"{first.name} and {second.name}"
    short = f"{first.code}-{second.code}"
    return Language(f"{first.iso}-{second.iso}", name, first.script, first.family, resources, short)


def artificial(code: str, *, name: str | None = None, script: str = "Zzzz") -> Language:
    """Return an artificial language, as in the lab; "Zzzz" is ISO 15924 for a script without a code.

    Raises:
        LanguageError: the code is not a private-use code.
    """
    if not _PRIVATE_USE.fullmatch(code):
        raise LanguageError(f"'{code}' is not a code of an artificial language; expected one from qaa to qtz")
    return Language(code, name or code, script, "Artificial", "artificial")


def resolve(code: str, among: Iterable[str]) -> str:
    """Return the code in `among` for the same language as `code`, so that `sw` finds `swh_Latn`.

    Raises:
        LanguageError: there is none; the message names the nearest one.
    """
    codes = tuple(among)
    if code in codes:
        return code
    for candidate in codes:
        if same(code, candidate):
            return candidate
    raise LanguageError(f"no language '{code}' here{nearest(code, codes)} (available: {', '.join(codes)})")
