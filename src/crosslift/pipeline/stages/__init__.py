"""The training stages of a run: one file per stage, named like its table in the recipe."""
