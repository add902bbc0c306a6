"""Compiled loops over flat arrays; numba needs no types here, and their callers have them."""
