"""How the vectors of a dual encoder were made in training, kept in its config.json, so that they are scored so."""

from __future__ import annotations

from crosslift._compat import PretrainedConfig

_KEY = "crosslift_pooling"


def trained_pooling(config: PretrainedConfig) -> str | None:
    """Return how vectors were made in training: "pooler", "mean", "mean_words" or "first"; None where none were."""
    return getattr(config, _KEY, None)


def write_pooling(config: PretrainedConfig, pooling: str | None) -> None:
    """Make a configuration say how vectors are made; with None, what an earlier stage said is gone."""
    if pooling is not None:
        setattr(config, _KEY, pooling)
    elif hasattr(config, _KEY):
        delattr(config, _KEY)
