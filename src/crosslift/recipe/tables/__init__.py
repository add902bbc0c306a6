"""The tables of a recipe, one file a stage."""
