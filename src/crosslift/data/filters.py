"""Filters of bitext, with the number of pairs dropped for each reason.  Imports no torch."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field

from crosslift.data.overlap import normalise
from crosslift.data.pairs import Pair


class FilterSettings(BaseModel):
    """The pairs of a bitext to leave out; a dropped pair counts under the first reason that applies, in this order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    empty: bool = True
    """Pairs with an empty side."""
    max_characters: int | None = Field(default=1_000, gt=0)
    """Pairs with a side longer than this."""
    identical: bool = True
    """Pairs with identical sides, which were never translated."""
    max_ratio: float | None = Field(default=6.0, gt=1)
    """Pairs whose longer side has more than this many times the characters of the shorter side.

    The script matters: Chinese takes about a third of the characters of English.
    """
    duplicates: bool = True
    """Pairs that occurred before."""


@dataclass
class FilterReport:
    """The number of pairs read, and of pairs dropped by reason; made to be printed."""

    read: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def kept(self) -> int:
        """The number of pairs that are left."""
        return self.read - self.dropped.total()

    def __str__(self) -> str:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.dropped.items())
        return f"{self.read:,} pairs read, {self.kept:,} kept" + (f"; dropped: {reasons}" if reasons else "")


def clean(
    pairs: Iterable[Pair], settings: FilterSettings, *, report: FilterReport, test_texts: Iterable[str] = ()
) -> Iterator[Pair]:
    """Yield the pairs that pass, in order, and count in `report`.

    Memory grows by about 60 bytes per pair if duplicates are dropped, and not otherwise.

    Args:
        pairs: the bitext.
        settings: the pairs to leave out.
        report: collects the counts.
        test_texts: texts that must not be trained on; a pair with one of them is left out (case, blanks and
            punctuation are ignored).
    """
    tests = _tests(settings, frozenset(map(normalise, test_texts)))
    for pair in pairs:
        report.read += 1
        reason = next((reason for reason, holds in tests.items() if holds(pair)), None)
        if reason is None:
            yield pair
        else:
            report.dropped[reason] += 1


def _tests(settings: FilterSettings, held_out: frozenset[str]) -> Mapping[str, Callable[[Pair], bool]]:
    """Return the tests of the settings by reason; duplicates come last, so that only kept pairs are remembered."""
    length, ratio = settings.max_characters, settings.max_ratio
    tests: dict[str, Callable[[Pair], bool]] = {}
    if settings.empty:
        tests["with an empty side"] = lambda pair: not (pair.source.strip() and pair.target.strip())
    if length is not None:
        tests["too long"] = lambda pair: max(len(pair.source), len(pair.target)) > length
    if settings.identical:
        tests["with identical sides"] = lambda pair: pair.source.strip() == pair.target.strip()
    if ratio is not None:
        tests["of too different length"] = lambda pair: _ratio(pair) > ratio
    if held_out:
        tests["in a test set"] = lambda pair: not held_out.isdisjoint(map(normalise, pair[:2]))
    if settings.duplicates:
        tests["duplicate"] = _repeats()
    return tests


def _ratio(pair: Pair) -> float:
    shorter, longer = sorted((len(pair.source), len(pair.target)))
    return longer / max(shorter, 1)


def _repeats() -> Callable[[Pair], bool]:
    """Return a test for repeated pairs, which remembers 80-bit digests; they practically never collide."""
    seen: set[bytes] = set()

    def repeated(pair: Pair) -> bool:
        digest = hashlib.blake2b(f"{pair.source}\0{pair.target}".encode(), digest_size=10).digest()
        if digest in seen:
            return True
        seen.add(digest)
        return False

    return repeated
