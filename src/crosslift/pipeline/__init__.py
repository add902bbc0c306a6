"""From a recipe to a run directory: what it reads (`inputs`), what it trains (`stages`), and `run`, which does both."""
