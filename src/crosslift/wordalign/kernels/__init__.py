"""Compiled loops over flat arrays; without types, which numba infers and their callers have."""
