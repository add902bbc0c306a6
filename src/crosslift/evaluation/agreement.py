"""Agreement of predictions between languages, on items that are translations of each other.

Accuracy does not show it: two languages may be right on different halves.  Measured are the share of equal predictions,
Cohen's kappa (Cohen 1960) of two languages, Fleiss' kappa (Fleiss 1971) of all, and the agreement on items where the
source language is right.  Imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.data.parallel import shared_ids

Codes = NDArray[np.int64]
"""Category of each item, from 0, (items,)."""


def consistency(
    predicted: Mapping[str, Sequence[Mapping[str, Any]]], source: str, *, task: str, selection: str
) -> dict[str, Any] | None:
    """Return the agreement between languages on a parallel task; None if no two languages share items.

    Args:
        predicted: records by language; those with the same id are translations of each other.  Ids that a language
            lacks are left out, and so are languages that share none.
        source: the source language.
        task: name of the task, for the row.
        selection: selection rule, for the row.

    Returns:
        The languages `compared`, `agreement` in percent (mean over pairs of them), `fleiss_kappa`, and by target
        language, if the source was scored, `agreement` and `agreement_given_correct` with it in percent, and `kappa`.
        Kappas are between -1 and 1, None where all predictions are equal.
    """
    languages, ids = shared_ids({code: [record["id"] for record in records] for code, records in predicted.items()})
    if not ids:
        return None
    codes, right = _coded({code: predicted[code] for code in languages}, ids, source)
    pairs = [float(np.mean(codes[one] == codes[other])) for one, other in combinations(codes, 2)]
    return {
        "task": task,
        "selection": selection,
        "items": len(ids),
        "compared": languages,
        "agreement": 100 * float(np.mean(pairs)),
        "fleiss_kappa": fleiss_kappa(np.stack(list(codes.values()))),
        "source": source,
        "languages": [
            {"language": code, **_against(codes[source], right, said)}
            for code, said in codes.items()
            if right is not None and code != source
        ],
    }


def _coded(
    predicted: Mapping[str, Sequence[Mapping[str, Any]]], ids: Sequence[str], source: str
) -> tuple[dict[str, Codes], NDArray[np.bool_] | None]:
    """Return the predictions of the shared ids as category numbers by language, and whether the source is right."""
    by_id = {code: {record["id"]: record for record in records} for code, records in predicted.items()}
    said = {code: [records[key]["prediction"] for key in ids] for code, records in by_id.items()}
    number = {value: place for place, value in enumerate(dict.fromkeys(v for row in said.values() for v in row))}
    codes = {code: np.array([number[value] for value in row], dtype=np.int64) for code, row in said.items()}
    if source not in by_id:
        return codes, None
    return codes, np.array([by_id[source][key]["prediction"] == by_id[source][key]["gold"] for key in ids])


def _against(source: Codes, right: NDArray[np.bool_], said: Codes) -> dict[str, Any]:
    same = source == said
    return {
        "agreement": 100 * float(same.mean()),
        "kappa": cohen_kappa(source, said),
        "agreement_given_correct": 100 * float(same[right].mean()) if right.any() else None,
    }


def cohen_kappa(one: Codes, other: Codes) -> float | None:
    """Return Cohen's kappa, the agreement of two raters beyond chance; None where chance agreement is 1.

    Source: Cohen 1960, "A coefficient of agreement for nominal scales".

    Args:
        one: (items,), categories from 0.
        other: (items,), the same of another rater.

    >>> cohen_kappa(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    0.5
    """
    size = int(max(one.max(), other.max())) + 1
    shares = [np.bincount(codes, minlength=size) / len(codes) for codes in (one, other)]
    return _beyond_chance(float(np.mean(one == other)), float(shares[0] @ shares[1]))


def fleiss_kappa(ratings: Codes) -> float | None:
    """Return Fleiss' kappa, the agreement of several raters beyond chance; None where chance agreement is 1.

    Source: Fleiss 1971, "Measuring nominal scale agreement among many raters".

    Args:
        ratings: (raters, items), categories from 0.
    """
    raters = len(ratings)
    counts = np.stack([(ratings == category).sum(axis=0) for category in range(int(ratings.max()) + 1)])
    observed = ((counts**2).sum(axis=0) - raters) / (raters * (raters - 1))
    return _beyond_chance(
        float(observed.mean()), float((counts.mean(axis=1) / raters) @ (counts.mean(axis=1) / raters))
    )


def _beyond_chance(observed: float, chance: float) -> float | None:
    return None if chance >= 1 - 1e-12 else round((observed - chance) / (1 - chance), 12)
