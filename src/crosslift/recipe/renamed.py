"""Old names of keys and values: an error about one says the new name.  Imports no torch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crosslift.choices import RENAMED_POOLINGS

RENAMED_KEYS = {
    r"(finetune|intermediate\.\d+)\.read": "input",
    r"(finetune|intermediate\.\d+)\.(read|input)\.pieces": "subwords",
    r"align\.(objective\.\d+\.)?bitext\.link_pieces": "link_subwords",
    r"align\.objective\.\d+\.piece": "subword",
    r"data\.task\.\d+\.kind": "task_type",
}
"""The new name of a key, by a pattern of its old path."""


RENAMED_VALUES = {
    r"align\.(objective\.\d+\.)?bitext\.links": {"pieces": "subwords"},
    r".+\.pooling": RENAMED_POOLINGS,
    r"data\.task\.\d+\.(kind|task_type)": {
        "choice": "multiple_choice",
        "span": "extractive_qa",
        "joint": "intent_slot",
    },
}
"""New values by old values, by a pattern of the path of their key."""


def renamed(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return values under their new names, and one line for each old name.

    >>> renamed({"finetune": {"read": {"texts": "second"}}})
    ({'finetune': {'input': {'texts': 'second'}}}, ["'finetune.read' is now 'finetune.input'"])
    """
    mistakes: list[str] = []
    return dict(_table(values, "", "", mistakes)), mistakes


def _table(table: Mapping[str, Any], old: str, new: str, mistakes: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield the items of a table under their new names; `old` and `new` are the table's paths with a final dot."""
    for name, value in table.items():
        key = next((key for path, key in RENAMED_KEYS.items() if re.fullmatch(path, old + name)), name)
        if key != name:
            mistakes.append(f"'{old}{name}' is now '{new}{key}'")
        yield key, _value(value, old + name, new + key, mistakes)


def _value(value: Any, old: str, new: str, mistakes: list[str]) -> Any:
    if isinstance(value, Mapping):
        return dict(_table(value, f"{old}.", f"{new}.", mistakes))
    if isinstance(value, list | tuple):
        return [_value(item, f"{old}.{index}", f"{new}.{index}", mistakes) for index, item in enumerate(value)]
    names = next((names for path, names in RENAMED_VALUES.items() if re.fullmatch(path, old)), {})
    if isinstance(value, str) and value in names:
        mistakes.append(f"{new}: '{value}' is now '{names[value]}'")
        return names[value]
    return value
