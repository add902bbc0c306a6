"""Does a model say the same about the same thing in another language?  Agreement on items that are translations.

Accuracy does not tell: two languages may be right on different halves.  Measured: how often predictions agree, Cohen's
kappa (Cohen 1960) of two languages, Fleiss' kappa (Fleiss 1971) of all, and agreement where the source is right.
Imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.data.parallel import shared_ids

Codes = NDArray[np.int64]


def consistency(
    predicted: Mapping[str, Sequence[Mapping[str, Any]]], source: str, *, task: str, selection: str
) -> dict[str, Any] | None:
    """Return the consistency of the predictions of a task whose examples are parallel; None where no two languages are.

    Args:
        predicted: records by language; those of one id are translations of each other, and ids that a language lacks
            are left out, and so are languages that share none.
        source: the language trained on.
        task: for the row.
        selection: for the row.

    Returns:
        The languages `compared`, percentages `agreement` (mean over pairs of them) and, by target language against the
        source where it was scored, `agreement` and `agreement_given_correct`; kappas are between -1 and 1,
        None where all say the same.
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
    """Return predictions of the shared ids as numbers by language, and where the source is right."""
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
    """Return the agreement of two raters beyond chance; None where chance alone agrees always.

    Args:
        one: categories from 0 on, shape (items,).
        other: the same of another rater.

    >>> cohen_kappa(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    0.5
    """
    size = int(max(one.max(), other.max())) + 1
    shares = [np.bincount(codes, minlength=size) / len(codes) for codes in (one, other)]
    return _beyond_chance(float(np.mean(one == other)), float(shares[0] @ shares[1]))


def fleiss_kappa(ratings: Codes) -> float | None:
    """Return the agreement of several raters beyond chance; None where chance alone agrees always.

    Args:
        ratings: categories from 0 on, shape (raters, items).
    """
    raters = len(ratings)
    counts = np.stack([(ratings == category).sum(axis=0) for category in range(int(ratings.max()) + 1)])
    observed = ((counts**2).sum(axis=0) - raters) / (raters * (raters - 1))
    return _beyond_chance(
        float(observed.mean()), float((counts.mean(axis=1) / raters) @ (counts.mean(axis=1) / raters))
    )


def _beyond_chance(observed: float, chance: float) -> float | None:
    return None if chance >= 1 - 1e-12 else round((observed - chance) / (1 - chance), 12)
