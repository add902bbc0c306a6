"""A run as a comparison sees it: its scores in one setting, its selection rules, and its predictions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from crosslift.errors import InputError, nearest
from crosslift.runs.run import Run


@dataclass(frozen=True)
class Scored:
    """A score in one language, or in a pair of languages written `first-second`."""

    task: str
    language: str
    metric: str
    value: float
    selection: str


@dataclass(frozen=True, eq=False)
class ScoredRun:
    """A run in the standard setting, or in the generalized one, which scores pairs of languages."""

    run: Run
    generalized: bool = False

    @property
    def directory(self) -> Path:
        """The run directory."""
        return self.run.directory

    @cached_property
    def scores(self) -> list[Scored]:
        """The scores in this setting."""
        results = self.run.results
        if self.generalized:
            return [
                Scored(grid.task, f"{cell.first}-{cell.second}", grid.metric, cell.value, grid.selection)
                for grid in results.generalized
                for cell in grid.cells
            ]
        return [
            Scored(score.task, score.language, score.metric, score.value, score.selection) for score in results.scores
        ]

    @property
    def tasks(self) -> list[str]:
        """The tasks scored, in order."""
        return list(dict.fromkeys(score.task for score in self.scores))

    def under(self, task: str, rule: str) -> list[Scored]:
        """Return the scores of a task under a selection rule."""
        return [score for score in self.scores if (score.task, score.selection) == (task, rule)]

    def rule(self, task: str, selection: str | None) -> str:
        """Return the selection rule asked for; by default that of the weights that the run saved.

        Raises:
            InputError: the task was not scored under this rule.
        """
        rules = self._rules(task)
        if selection is not None and selection not in rules:
            raise InputError(
                f"{self.directory}: {task} was not scored under the rule '{selection}'{nearest(selection, rules)} "
                f"(available: {', '.join(rules)})"
            )
        return selection or self._saved(task)

    def predictions(self, task: str, rule: str) -> Path:
        """Return the folder of a task's predictions under a rule."""
        folder = "predictions" if rule == self._saved(task) else f"predictions.{rule}"
        return self.run.directory_of(task) / folder / (f"{task}.generalized" if self.generalized else task)

    def _rules(self, task: str) -> list[str]:
        return list(dict.fromkeys(score.selection for score in self.scores if score.task == task))

    def _saved(self, task: str) -> str:
        rules = self._rules(task)
        directory = self.run.directory_of(task)
        saved = [rule for rule in rules if not (directory / f"predictions.{rule}" / task).is_dir()]
        chosen = str(self.run.settings.get("finetune.selection"))
        return chosen if chosen in saved or not saved else saved[0]
