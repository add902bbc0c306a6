"""Preparations of files that recipes need: one file each, with a function `prepare` that returns values for recipes."""
