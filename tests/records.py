"""Random records of every type, of which some are right, and the same records with every prediction wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from crosslift.api.records import Record, RecordType

LABELS = ("B-PER", "I-PER", "O", "NOUN")
"""Names of labels and of tags; an even number, so that reversing their order changes each."""
WORDS = ("north", "wind", "blue", "house", "river", "seven", "stone", "light")
QUERY = 5
"""Consecutive label records of one query."""
POOL = 60
"""Candidates of a ranking."""
Draw = Callable[[np.random.Generator, int, float], Record]
"""From a generator, the number of the record and the share of right predictions to a record without its id."""


def label(rng: np.random.Generator, number: int, right: float) -> Record:
    gold = str(rng.choice(LABELS))
    return {"prediction": _copied(rng, gold, right), "gold": gold}


def tags(rng: np.random.Generator, number: int, right: float) -> Record:
    gold = rng.choice(LABELS, size=rng.integers(1, 9)).tolist()
    return {"prediction": [_copied(rng, tag, right) for tag in gold], "gold": gold}


def intent_slot(rng: np.random.Generator, number: int, right: float) -> Record:
    intents, slots = label(rng, number, right), tags(rng, number, right)
    return {side: {"intent": intents[side], "slots": slots[side]} for side in ("prediction", "gold")}


def answers(rng: np.random.Generator, number: int, right: float) -> Record:
    gold = [_text(rng) for _ in range(rng.integers(1, 3))]
    return {"prediction": gold[0] if rng.random() < right else _text(rng), "gold": gold, "language": "en"}


def retrieval(rng: np.random.Generator, number: int, right: float) -> Record:
    found = {side: str(number) if rng.random() < right else f"not {number}" for side in ("prediction", "reverse")}
    return {**found, "gold": str(number)}


def mining(rng: np.random.Generator, number: int, right: float) -> Record:
    gold = str(number) if rng.random() < 0.8 else None
    return {"prediction": gold if rng.random() < right else f"not {number}", "gold": gold}


def ranking(rng: np.random.Generator, number: int, right: float) -> Record:
    gold = [f"g{number}.{place}" for place in range(rng.integers(1, 4))]
    others = [f"c{place}" for place in range(POOL - len(gold))]
    pool = [*gold, *others] if rng.random() < right else rng.permutation([*gold, *others]).tolist()
    return _ranked(pool, gold)


def _copied(rng: np.random.Generator, gold: str, right: float) -> str:
    return gold if rng.random() < right else str(rng.choice(LABELS))


def _text(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(WORDS, size=rng.integers(1, 4)))


def _ranked(pool: list[str], gold: list[str]) -> Record:
    return {"prediction": pool[:20], "gold": gold, "ranks": [pool.index(one) + 1 for one in gold]}


DRAWS: Mapping[RecordType, Draw] = {
    "label": label,
    "tags": tags,
    "intent_slot": intent_slot,
    "answers": answers,
    "retrieval": retrieval,
    "mining": mining,
    "ranking": ranking,
}


def records(record_type: RecordType, count: int = 60, *, seed: int = 0, right: float = 0.6) -> list[Record]:
    """Return random records, of which a share `right` is right on purpose and others by luck."""
    rng = np.random.default_rng(seed)
    return [{"id": f"{number // QUERY}.{number}", **DRAWS[record_type](rng, number, right)} for number in range(count)]


def all_wrong(record_type: RecordType, of: list[Record]) -> list[Record]:
    """Return records with the same gold answers and no right prediction, as wrong as can be."""
    return [{**record, **_wrong(record_type, record["gold"])} for record in of]


def _wrong(record_type: RecordType, gold: Any) -> Record:
    match record_type:
        case "label" | "tags" | "intent_slot":
            return {"prediction": _reversed(gold)}
        case "ranking":
            return {side: value for side, value in _ranked(_last(gold), gold).items() if side != "gold"}
        case _:
            return {"prediction": "nothing of it", "reverse": "nothing of it"}


def _reversed(gold: Any) -> Any:
    """Return the labels with their order turned round."""
    if isinstance(gold, str):
        return LABELS[-1 - LABELS.index(gold)]
    if isinstance(gold, Mapping):
        return {key: _reversed(value) for key, value in gold.items()}
    return [_reversed(one) for one in gold]


def _last(gold: list[str]) -> list[str]:
    return [*(f"c{place}" for place in range(POOL - len(gold))), *gold]
