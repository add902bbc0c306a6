"""Examples that are translations of each other, found by their ids.  Imports no torch."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def shared_ids(ids: Mapping[str, Collection[str]]) -> tuple[list[str], list[str]]:
    """Return the languages that share ids, and the ids that all of them have.

    A language without an id in common with any other is left out, since nothing would be left with it.

    Args:
        ids: ids by language; translations have the same id, and the first language gives the order.

    >>> shared_ids({"gn": ["0", "1", "2"], "quy": ["0", "2"], "nah": ["nah-0", "nah-1"]})
    (['gn', 'quy'], ['0', '2'])
    """
    sets = {code: set(own) for code, own in ids.items()}
    languages = [code for code in sets if any(sets[code] & sets[other] for other in sets if other != code)]
    common = set.intersection(*(sets[code] for code in languages)) if languages else set()
    return (languages, [one for one in ids[languages[0]] if one in common]) if common else ([], [])
