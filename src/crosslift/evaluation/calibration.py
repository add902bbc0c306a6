"""Is a model as sure as it is right?  Expected calibration error.  Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

BINS = 15


def calibration_error(records: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the expected calibration error in percentage points, or None where records have no probability.

    In each of 15 equally wide bins of confidence, the distance of accuracy from mean confidence, averaged by the
    share of records in the bin.  An answer is right if it is an accepted one to the letter.  Paper: Guo et al. 2017,
    arXiv 1706.04599, equation 3.
    """
    labelled = [record for record in records if record.get("gold") is not None and "probability" in record]
    if not labelled:
        return None
    confidence = np.array([record["probability"] for record in labelled])
    right = np.array([_is_right(record["prediction"], record["gold"]) for record in labelled], dtype=float)
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=BINS)
    return float(100 * np.abs(gaps).sum() / len(labelled))


def _is_right(prediction: Any, gold: Any) -> bool:
    """Return whether a prediction is the gold one, or for an answer one of those accepted."""
    return prediction in gold if isinstance(prediction, str) and isinstance(gold, list) else bool(prediction == gold)
