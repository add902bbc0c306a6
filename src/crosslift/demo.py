"""`crosslift demo`: zero-shot transfer in the lab, with and without alignment."""

from __future__ import annotations

from pathlib import Path

from crosslift import recipe as recipes
from crosslift.pipeline.run import run
from crosslift.recipe import LAB_RECIPE, Recipe
from crosslift.runs.write import remove


def demo_recipes() -> dict[str, Recipe]:
    """Return the two recipes: the pre-trained encoder without alignment, and with it."""
    values = recipes.read(LAB_RECIPE)
    without = {key: table for key, table in values.items() if key != "align"}
    return {
        "unaligned": recipes.build({**without, "name": "unaligned"}, where=str(LAB_RECIPE)),
        "aligned": recipes.build(values, where=str(LAB_RECIPE)),
    }


def run_demo(output: Path, *, seeds: int) -> list[Path]:
    """Run both recipes with seeds 0, 1, ... into OUTPUT/NAME/seed-N, replacing an earlier demo; return the folders."""
    directories = []
    for name, recipe in demo_recipes().items():
        remove(output / name)
        for seed in range(seeds):
            seeded = recipe.model_copy(update={"seed": seed})
            directories.append(run(seeded, output / name / f"seed-{seed}"))
    return directories
