"""Text and word neighbours from data in the layout of XTREME's download script, with added bitext and dictionaries.

`text`: the first sentences of other languages in `bitext/{language}.tsv`, for masked language modelling.  `neighbours`:
English words that share at least two translations in `dictionaries/en-{language}.txt`, those with most in common first,
in the format of RS-DA's release.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import combinations, islice
from pathlib import Path
from typing import Any

from crosslift.errors import RecipeError
from crosslift.io.text import existing, lines
from crosslift.runs.write import write_text

LANGUAGES = ("ar", "bg", "de", "el", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")
"""The languages of XNLI, without English."""
SENTENCES = 3000
NEIGHBOURS = 8
"""Neighbours per word, at most, as in the released file."""


def prepare(folder: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Write both, unless they exist, and return their paths.

    Raises:
        RecipeError: `data` is not among the values.
        DataError: a file of bitext or a dictionary is missing.
    """
    if "data" not in values:
        raise RecipeError("this scale needs data; give --data DIRECTORY")
    data, text, neighbours = Path(values["data"]), folder / "text", folder / "neighbours.json"
    for language in LANGUAGES:
        if not (text / f"{language}.txt").is_file():
            write_text(text / f"{language}.txt", _sentences(data / "bitext" / f"{language}.tsv"))
    if not neighbours.is_file():
        write_text(neighbours, json.dumps(_neighbours(data / "dictionaries"), ensure_ascii=False))
    return {"text": str(text), "neighbours": str(neighbours)}


def _sentences(path: Path) -> str:
    rows = (row.split("\t")[3] for _, row in lines(existing(path)))
    return "".join(f"{row}\n" for row in islice(rows, SENTENCES))


def _neighbours(dictionaries: Path) -> dict[str, list[str]]:
    common: Counter[tuple[str, str]] = Counter()
    for language in LANGUAGES:
        sources: defaultdict[str, set[str]] = defaultdict(set)
        for _, line in lines(existing(dictionaries / f"en-{language}.txt")):
            word, translation = line.split()[:2]
            sources[translation].add(word)
        for words in sources.values():
            common.update(combinations(sorted(words), 2))
    found: defaultdict[str, list[str]] = defaultdict(list)
    for (one, other), count in common.most_common():
        if count >= 2:
            found[one].append(other)
            found[other].append(one)
    return {word: others[:NEIGHBOURS] for word, others in sorted(found.items())}
