"""Checks of a whole split before it is trained on or scored.  Imports no torch.

Missing columns, unknown labels, wrong encodings and empty files are reported where they are read, with file and line
(`crosslift.io.text`, `crosslift.tasks`), and missing languages by the source (`crosslift.data.sources`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crosslift.api.examples import (
    Example,
    ExtractiveQAExample,
    IntentSlotExample,
    MiningExample,
    MultipleChoiceExample,
    PairExample,
    RankingExample,
    RetrievalExample,
    SentenceExample,
    Split,
    TaggingExample,
    texts,
)
from crosslift.api.task import Task
from crosslift.data.overlap import normalise
from crosslift.errors import DataError

Identities = frozenset[tuple[str, ...]]

_ENOUGH = 20
"""Fewer labels than this may all be the same by chance."""


def placeholder_labels(examples: Sequence[Example], *, where: str) -> None:
    """Check that examples have gold answers, and no placeholders.

    Args:
        examples: one split in one language.
        where: the name of the split in messages: "xnli test in 'de'".

    Raises:
        DataError: gold labels are missing, or all are the same, as in the files of hidden test sets.
    """
    golds = [_golds(example) for example in examples]
    if missing := golds.count(()):
        share = f"{missing:,} of {len(examples):,} examples"
        raise DataError(
            f"{where}: {share} have no gold answer, so they can be neither trained on nor scored; use `predict`, or "
            "name a file that has the answers"
        )
    values = {value for gold in golds for value in gold}
    if len(values) == 1 and len(examples) >= _ENOUGH:
        raise DataError(
            f"{where}: all {len(examples):,} examples have the gold '{values.pop()}', as in hidden test sets; name "
            "a file with the real answers, or use `predict`"
        )


def _golds(example: Example) -> tuple[object, ...]:
    """Return the gold values of an example: its label, one tag per word, or its answers; empty if it has none."""
    match example:
        case SentenceExample() | PairExample() | MultipleChoiceExample():
            return () if example.label is None else (example.label,)
        case TaggingExample():
            return example.tags or ()
        case IntentSlotExample():
            return () if example.intent is None or example.tags is None else (example.intent, *example.tags)
        case ExtractiveQAExample():
            return example.answers
        case MiningExample():
            return example.gold or ()
        case RetrievalExample():
            return (example.id,)
        case RankingExample():
            return () if example.gold is None else (example.gold,)


def duplicates(examples: Sequence[Example]) -> int:
    """Return the number of examples with the same texts as an earlier one."""
    return len(examples) - len({tuple(texts(example)) for example in examples})


@dataclass(frozen=True)
class Overlap:
    """Test examples that are also training examples; case, blanks and punctuation are ignored."""

    count: int
    """Number of test examples that are training examples too."""
    total: int
    """Number of test examples."""
    example: str
    """The texts of one of them."""

    def __str__(self) -> str:
        share = f"{self.count:,} of {self.total:,} test examples"
        return f"{share} occur in the training data, for instance: {self.example}"


def overlap(train: Sequence[Example] | Identities, test: Sequence[Example]) -> Overlap | None:
    """Return the overlap of training and test data, or None.

    An example counts if all of its texts are those of one training example, in order; a shared premise is no overlap.

    Args:
        train: training examples, or their `identities`, which is faster for many test sets.
        test: test examples.
    """
    seen = train if isinstance(train, frozenset) else identities(train)
    common = [example for example in test if _identity(example) in seen]
    if not common:
        return None
    return Overlap(len(common), len(test), " / ".join(texts(common[0])))


def identities(examples: Sequence[Example]) -> Identities:
    """Return the normalised texts by which examples are recognised elsewhere."""
    return frozenset(map(_identity, examples))


def check_overlap(train: Sequence[Example], test: Sequence[Example], *, where: str) -> None:
    """Check that no test example is trained on; `overlap` does not raise.

    Raises:
        DataError: some are; the message says how many, and shows one.
    """
    found = overlap(train, test)
    if found is not None:
        raise DataError(f"{where}: {found}; leave them out of the training data")


def _identity(example: Example) -> tuple[str, ...]:
    return tuple(normalise(text) for text in texts(example))


def notes(task: Task, split: Split, by_language: Mapping[str, Sequence[Example]]) -> list[str]:
    """Return warnings about a split, one line each for all languages.

    They are about numbers of examples that differ from those published, examples that repeat the texts of an earlier
    one, and repeated examples with another answer.
    """
    published = task.facts.get(split, {})
    sizes = {
        code: f"{len(examples):,} for {published[code]:,}"
        for code, examples in by_language.items()
        if code in published and published[code] != len(examples)
    }
    repeats = {code: _repeats(examples) for code, examples in by_language.items()}
    findings = {
        "another number of examples than published": sizes,
        "examples that repeat an earlier one": {code: f"{count:,}" for code, (count, _) in repeats.items() if count},
        "repeated examples with another answer than before": {
            code: f"{count:,}" for code, (_, count) in repeats.items() if count
        },
    }
    return [_line(f"{task.name} {split}", what, found) for what, found in findings.items() if found]


def _line(where: str, what: str, by_language: Mapping[str, str]) -> str:
    """Return a finding by language as one line."""
    return f"{where}: {what}: " + ", ".join(f"{code} {found}" for code, found in by_language.items())


def _repeats(examples: Sequence[Example]) -> tuple[int, int]:
    """Return how many examples have the same texts as an earlier one, and how many of these have another answer."""
    first: dict[tuple[str, ...], tuple[object, ...]] = {}
    repeated = different = 0
    for example in examples:
        key, golds = tuple(texts(example)), _golds(example)
        if key in first:
            repeated += 1
            different += golds != first[key]
        first.setdefault(key, golds)
    return repeated, different


def shared_hypotheses(train: Sequence[Example], tests: Mapping[str, Sequence[Example]], *, where: str) -> list[str]:
    """Return a warning about second texts of pairs that are second texts in training too, if there are any.

    A hypothesis-only model can know their labels, whatever the premise.

    Args:
        train: training examples; only pairs are considered.
        tests: test examples by language.
        where: the name of the split in the warning: "xnli test".
    """
    seen = {normalise(example.second) for example in train if isinstance(example, PairExample)}
    found = (
        {
            code: sum(isinstance(example, PairExample) and normalise(example.second) in seen for example in examples)
            for code, examples in tests.items()
        }
        if seen
        else {}
    )
    shares = {code: f"{count:,} of {len(tests[code]):,}" for code, count in found.items() if count}
    what = "second texts (hypotheses) that are second texts of training examples"
    return [_line(where, what, shares)] if shares else []
