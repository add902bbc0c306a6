"""Which examples of several languages are translations of each other.  Imports no torch."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def shared_ids(ids: Mapping[str, Collection[str]]) -> tuple[list[str], list[str]]:
    """Return the languages that hold translations of each other, and the ids that all of these hold.

    A language that has no id in common with any other is left out (data without ids, in which it lacks rows), since
    with it nothing would be left.

    Args:
        ids: by language, those of one item being equal; the first language gives the order.

    >>> shared_ids({"gn": ["0", "1", "2"], "quy": ["0", "2"], "nah": ["nah-0", "nah-1"]})
    (['gn', 'quy'], ['0', '2'])
    """
    sets = {code: set(own) for code, own in ids.items()}
    languages = [code for code in sets if any(sets[code] & sets[other] for other in sets if other != code)]
    common = set.intersection(*(sets[code] for code in languages)) if languages else set()
    return (languages, [one for one in ids[languages[0]] if one in common]) if common else ([], [])
