"""Numbers that are computed, not trained: a file each, with a function `measure` that returns them by name."""
