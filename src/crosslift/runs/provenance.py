"""Which system a saved model is of: the recipe and seed of its run, or the name it was loaded by.  Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crosslift.runs.read import read_recipe, read_results
from crosslift.runs.write import write_text


@dataclass(frozen=True)
class Origin:
    """Where a saved model comes from.

    Args:
        name: the recipe's, or the directory or hub id.
        seed: the run's; 0 outside of runs.
        recipe: text of the run's recipe.toml; empty outside of runs.
    """

    name: str
    seed: int
    recipe: str = ""

    def write(self, directory: Path) -> None:
        """Write the recipe beside scores of the model, for `crosslift compare` to know systems by."""
        if self.recipe:
            write_text(directory / "recipe.toml", self.recipe)


def origin(model: str | Path) -> Origin:
    """Return where a model comes from: of a run if it is the folder `model` of one.

    Raises:
        InputError: the run's recipe.toml or results.json is damaged.
    """
    place = Path(model).resolve()
    run = place.parent
    if place.name != "model" or not all((run / name).is_file() for name in ("recipe.toml", "results.json")):
        return Origin(str(model), 0)
    kept = read_results(run / "results.json")
    return Origin(kept.recipe, kept.seed, read_recipe(run / "recipe.toml")[0])
