"""Comparison of systems: paired statistics over test items, languages and training runs.

    found = crosslift.compare(["runs/unaligned", "runs/aligned"])
    print(found.sentences[0])
    found.comparisons[0].effect

Reads `results.json`, `recipe.toml` and predictions, and scores them again; imports no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosslift.comparison import output
from crosslift.comparison.design import designs, languages_to_read
from crosslift.comparison.pairwise import Comparison, compare_designs
from crosslift.comparison.sentences import sentence, test
from crosslift.errors import InputError
from crosslift.progress import progress
from crosslift.runs.systems import Systems, read_systems

__all__ = ["Comparison", "Comparisons", "compare", "compare_systems"]

SCHEMA = 1
DRAWS = 2000


@dataclass(frozen=True)
class Comparisons:
    """The result of comparing systems.

    Args:
        comparisons: by system, task and metric: the target mean, then every language.
        notes: what was left out, and how runs were grouped.
    """

    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """One sentence per target mean, or per language if there is no mean."""
        means = [row for row in self.comparisons if row.averaged]
        return [sentence(row) for row in means or self.comparisons]

    @property
    def test(self) -> str:
        """The names of the statistics, for a caption."""
        return test(self.comparisons)

    def values(self) -> dict[str, Any]:
        """Return the content of `--json`: `schema`, `comparisons`, `notes`, `test`."""
        rows = output.values(self.comparisons)
        return {"schema": SCHEMA, "comparisons": rows, "notes": list(self.notes), "test": self.test}

    def csv(self) -> str:
        """Return the comparisons as CSV."""
        return output.csv_text(self.comparisons)

    def markdown(self) -> str:
        """Return sentences, tables, the test and notes as Markdown."""
        return output.markdown(self.comparisons, self.notes)

    def latex(self) -> str:
        """Return LaTeX tables whose captions name the test; they need `booktabs`."""
        return output.latex(self.comparisons, self.notes)

    def print(self) -> None:
        """Print tables and sentences on standard output."""
        from rich.console import Console

        console = Console()
        for table, words in output.terminal(self.comparisons):
            console.print(table)
            console.print(words, "\n", markup=False, highlight=False)
        for line in (*self.notes, self.test):
            console.print(line, style="dim", markup=False, highlight=False)


def compare(
    paths: Sequence[Path | str],
    *,
    selection: str | None = None,
    generalized: bool = False,
    draws: int = DRAWS,
    seed: int = 0,
    advance: Callable[[], None] | None = None,
) -> Comparisons:
    """Compare systems with the first of them, the baseline.

    Runs of one recipe that differ only in seed are one system.  If both systems have the same seeds, runs of one seed
    are paired; otherwise runs are independent.  `crosslift.stats.interval` describes the intervals.

    Args:
        paths: run directories, or folders of some; the recipe of the first run is the baseline.
        selection: selection rule to compare under: `source-dev`, `last`, ...; None takes the weights each run saved.
        generalized: compare the generalized setting: every ordered pair of languages, and the mean of all pairs.
        draws: bootstrap samples of the test items.
        seed: random seed of the bootstrap.
        advance: called when the predictions of a language have been read; None shows a progress bar.

    Raises:
        InputError: fewer than two systems, no task in common, a damaged or newer results.json.
        DataError: predictions of other items, splits or task types; the message names file and item.
    """
    if not paths:
        raise InputError("nothing to compare: expected two or more run directories")
    found = read_systems([Path(path) for path in paths])
    return compare_systems(found, selection=selection, generalized=generalized, draws=draws, seed=seed, advance=advance)


def compare_systems(
    found: Systems,
    *,
    selection: str | None = None,
    generalized: bool = False,
    draws: int = DRAWS,
    seed: int = 0,
    advance: Callable[[], None] | None = None,
) -> Comparisons:
    """Compare systems that were read already with the first of them; see `compare`.

    Raises:
        InputError: fewer than two systems, or no task in common.
        DataError: predictions of other items, splits or task types.
    """
    _check_several(found)
    if advance is not None:
        compared, left_out = designs(found.systems, selection=selection, generalized=generalized, advance=advance)
    else:
        with progress("read predictions", languages_to_read(found.systems, generalized=generalized)) as show:
            done = iter(range(1, 10**9))
            compared, left_out = designs(
                found.systems,
                selection=selection,
                generalized=generalized,
                advance=lambda: show(next(done), {}),
            )
    rows = compare_designs(found.systems, compared, draws=draws, seed=seed)
    return Comparisons(tuple(rows), (*found.notes, *left_out))


def _check_several(found: Systems) -> None:
    if len(found.systems) == 1:
        (alone,) = found.systems
        raise InputError(
            f"found one system, {alone.name} (seed {', '.join(map(str, alone.seeds))}); expected runs of two recipes "
            "or more, the baseline's first"
        )
