"""Grids of arms, seeds and tasks: run what is missing, several at a time, and print the scores as Markdown tables."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy import stats

Measures = Mapping[str, float]
LEVEL = 0.05


@dataclass(frozen=True)
class Grid:
    """A grid of runs.  Finished runs are kept, so an interrupted grid can be continued.

    Args:
        recipe: (arm, seed, task) -> values of a recipe; must be picklable.
        arms: names, in the order of the table.
        tasks: names.
        seeds: number of seeds, from 0 on.
        output: directory of the runs, OUTPUT/ARM/TASK/seed-N.
        kept: file with the numbers of earlier runs, which are not run again; new seeds are added to it.
    """

    recipe: Callable[[str, int, str], dict[str, Any]]
    arms: Sequence[str]
    tasks: Sequence[str]
    seeds: int
    output: Path
    kept: Path | None = None

    def run(self, jobs: int) -> None:
        """Run what is missing, `jobs` at a time with one thread each; all arms of a seed before the next seed."""
        known = self.known()
        work = [(arm, seed) for seed in range(self.seeds) for arm in self.arms if str(seed) not in known.get(arm, {})]
        context = multiprocessing.get_context("spawn")
        os.environ["OMP_NUM_THREADS"] = "1"
        with ProcessPoolExecutor(jobs, mp_context=context) as pool:
            futures = {pool.submit(self.run_one, arm, seed): (arm, seed) for arm, seed in work}
            for future, (arm, seed) in futures.items():
                if (error := future.exception()) is not None:
                    print(f"{arm}, seed {seed}: {error}")

    def run_one(self, arm: str, seed: int) -> None:
        """Run the missing tasks of one arm and seed."""
        import torch

        import crosslift
        from crosslift import recipe as recipes

        torch.set_num_threads(1)
        for task in self.tasks:
            directory = self.directory(arm, seed, task)
            if not directory.exists():
                crosslift.run(recipes.build(self.recipe(arm, seed, task), where=arm), directory, resume=True)

    def directory(self, arm: str, seed: int, task: str) -> Path:
        """Return the directory of a run."""
        return self.output / arm.replace(" ", "_") / task / f"seed-{seed}"

    def results(self, arm: str, seed: int, task: str) -> dict[str, Any]:
        """Return a run's results.json."""
        found: dict[str, Any] = json.loads(
            (self.directory(arm, seed, task) / "results.json").read_text(encoding="utf-8")
        )
        return found

    def known(self) -> dict[str, dict[str, Measures]]:
        """Return the kept numbers by arm and seed."""
        if self.kept is None or not self.kept.is_file():
            return {}
        found: dict[str, dict[str, Measures]] = json.loads(self.kept.read_text(encoding="utf-8"))
        return found

    def measured(self, measures: Callable[[str, int], Measures]) -> dict[str, dict[str, Measures]]:
        """Return the numbers of kept and finished runs by arm and seed, and keep them all."""
        found = self.known()
        for arm in self.arms:
            own = found.setdefault(arm, {})
            for seed in range(self.seeds):
                if str(seed) not in own and all(self.directory(arm, seed, task).exists() for task in self.tasks):
                    own[str(seed)] = measures(arm, seed)
        if self.kept is not None:
            self.kept.parent.mkdir(parents=True, exist_ok=True)
            self.kept.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return {arm: found[arm] for arm in self.arms}


def table(found: Mapping[str, Mapping[str, Measures]], columns: Sequence[str]) -> str:
    """Return a Markdown table: mean and standard deviation over the available seeds, and their number."""
    lines = ["| arm | seeds | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * (len(columns) + 1)]
    for arm, runs in found.items():
        cells = [summary([run[column] for run in runs.values() if column in run]) for column in columns]
        lines.append(f"| {arm} | {len(runs)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def paired(found: Mapping[str, Mapping[str, Measures]], baseline: str, columns: Sequence[str]) -> str:
    """Return a Markdown table of each arm minus the baseline, paired by seed: mean and 95 % interval by Student's t.

    A star marks a difference whose p, adjusted over the arms of its column (Holm), is below 0.05.
    """
    lines = ["| arm - " + baseline + " | seeds | " + " | ".join(columns) + " |"]
    lines.append("| --- |" + " ---: |" * (len(columns) + 1))
    pairs = {arm: [(run, found[baseline][seed]) for seed, run in sorted(runs.items()) if seed in found[baseline]]
             for arm, runs in found.items() if arm != baseline}  # fmt: skip
    pairs = {arm: both for arm, both in pairs.items() if both}
    cells = [
        _column([[run[column] - base[column] for run, base in both] for both in pairs.values()]) for column in columns
    ]
    for (arm, both), row in zip(pairs.items(), zip(*cells, strict=True), strict=True):
        lines.append(f"| {arm} | {len(both)} | " + " | ".join(row) + " |")
    return "\n".join(lines)


def _column(differences: Sequence[Sequence[float]]) -> list[str]:
    """Return the cells of a column: one interval per arm, starred where the adjusted p is below 0.05."""
    from crosslift.stats.adjustment import holm

    tested = [float(stats.ttest_1samp(each, 0.0).pvalue) if len(each) > 1 else math.nan for each in differences]
    stars = (" *" if p < LEVEL else "" for p in holm(tested))
    return [interval(each) + star for each, star in zip(differences, stars, strict=True)]


def interval(differences: Sequence[float]) -> str:
    """Return a mean and its 95 % interval, which needs at least two seeds."""
    mean = statistics.mean(differences)
    if len(differences) == 1:
        return f"{mean:+.1f}"
    half = stats.t.ppf(0.975, len(differences) - 1) * statistics.stdev(differences) / len(differences) ** 0.5
    return f"{mean:+.1f} [{mean - half:+.1f}, {mean + half:+.1f}]"


def summary(values: Sequence[float]) -> str:
    """Return mean ± standard deviation, or a dash without values."""
    if not values:
        return "-"
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"


def by_language(
    results: Mapping[str, Any], task: str, *, metric: str | None = None, selection: str = "source-dev"
) -> dict[str, float]:
    """Return the scores of a task by language, under one selection rule; the first metric unless one is named."""
    rows = [row for row in results["scores"] if (row["task"], row["selection"]) == (task, selection)]
    wanted = metric or (rows[0]["metric"] if rows else "")
    return {row["language"]: row["value"] for row in rows if row["metric"] == wanted}


def probe(results: Mapping[str, Any], stage: str, metric: str = "retrieval") -> float | None:
    """Return the mean of a probe over languages after a stage, or None if it was not measured."""
    values = [row["value"] for row in results["probes"] if (row["metric"], row["stage"]) == (metric, stage)]
    return statistics.mean(values) if values else None


def stage_seconds(results: Mapping[str, Any], stage: str) -> float:
    """Return the cost of a stage; 0 if there is none."""
    return sum(row["seconds"] for row in results["stages"] if row["stage"] == stage)
