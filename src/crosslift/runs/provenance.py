"""The origin of a saved model: the recipe and seed of its run, or the name it was loaded by.  Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crosslift.runs.read import read_recipe, read_results
from crosslift.runs.write import write_text


@dataclass(frozen=True)
class Origin:
    """Where a saved model comes from.

    Args:
        name: the recipe's name, or the directory or hub id of a model that is of no run.
        seed: the run's seed; 0 without a run.
        recipe: text of the run's recipe.toml; empty without a run.
    """

    name: str
    seed: int
    recipe: str = ""

    def write(self, directory: Path) -> None:
        """Write the recipe next to the model's scores, so that `crosslift compare` knows the system."""
        if self.recipe:
            write_text(directory / "recipe.toml", self.recipe)


def origin(model: str | Path) -> Origin:
    """Return the origin of a model: a run, if it is the folder `model` of one.

    Raises:
        InputError: the run's recipe.toml or results.json is damaged.
    """
    path = Path(model).resolve()
    run = path.parent
    if path.name != "model" or not all((run / name).is_file() for name in ("recipe.toml", "results.json")):
        return Origin(str(model), 0)
    results = read_results(run / "results.json")
    return Origin(results.recipe, results.seed, read_recipe(run / "recipe.toml")[0])
