"""Is one system better than another?  Paired statistics over test items, languages and training runs.

    found = crosslift.compare(["runs/unaligned", "runs/aligned"])
    print(found.sentences[0])
    found.comparisons[0].effect

Reads `results.json`, `recipe.toml` and predictions, and scores them anew; imports no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosslift.comparison import output
from crosslift.comparison.design import designs, languages_to_read
from crosslift.comparison.pairwise import Comparison, compare_systems
from crosslift.comparison.sentences import sentence, test
from crosslift.progress import progress
from crosslift.runs.systems import systems

__all__ = ["Comparison", "Comparisons", "compare"]

SCHEMA = 1
DRAWS = 2000


@dataclass(frozen=True)
class Comparisons:
    """What a comparison of runs found.

    Args:
        comparisons: system by system, task by task and metric by metric: the target mean, then every language.
        notes: what was left out, and what else a reader should know.
    """

    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """Each target mean in plain words; the languages where no mean is."""
        means = [row for row in self.comparisons if row.averaged]
        return [sentence(row) for row in means or self.comparisons]

    @property
    def test(self) -> str:
        """The statistics by name, for a caption."""
        return test(self.comparisons)

    def values(self) -> dict[str, Any]:
        """Return what `--json` prints: `schema`, `comparisons`, `notes`, `test`."""
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
    are paired; else runs are taken as independent.  `crosslift.stats.interval` says how intervals are made.

    Args:
        paths: run directories, or folders of some; the first one's recipe is the baseline.
        selection: checkpoint rule to compare under: `source-dev`, `last`, ...; None takes the weights each run kept.
        generalized: compare the generalized setting: every ordered pair of languages, and the mean of all pairs.
        draws: bootstrap samples of the test items.
        seed: of those draws.
        advance: called when the predictions of a language have been read; None shows a progress bar.

    Raises:
        InputError: fewer than two systems, no task in common, a damaged or newer results.json.
        DataError: predictions of other items, splits or forms; the message names file and item.
    """
    grouped, said = systems([Path(path) for path in paths], generalized=generalized)
    if advance is not None:
        found, left_out = designs(grouped, selection=selection, advance=advance)
    else:
        with progress("read predictions", languages_to_read(grouped)) as show:
            done = iter(range(1, 10**9))
            found, left_out = designs(grouped, selection=selection, advance=lambda: show(next(done), {}))
    rows = compare_systems(grouped, found, draws=draws, seed=seed)
    return Comparisons(tuple(rows), (*said, *left_out))
