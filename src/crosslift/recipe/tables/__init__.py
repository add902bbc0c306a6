"""The tables of a recipe: one file per stage, named like the stage."""
