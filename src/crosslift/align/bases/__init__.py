"""TODO bases."""
