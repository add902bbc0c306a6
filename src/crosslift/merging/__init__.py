"""TODO merging."""
