"""TODO augment."""
