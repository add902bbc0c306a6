"""The stages of a run, one file each, named like their tables in a recipe."""
