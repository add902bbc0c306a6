"""The header of a model card: YAML that the hub reads (https://huggingface.co/docs/hub/model-cards)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosslift import languages
from crosslift.errors import LanguageError

if TYPE_CHECKING:
    from crosslift.runs.model_card import Data

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""Characters that JSON may hold as they are, but YAML may not."""
_TAGS = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForMultipleChoice": "multiple-choice",
}
"""The hub's pipeline tags by the ending of transformers' class names."""


def front_matter(header: Mapping[str, Any]) -> str:
    """Return the YAML that a card begins with; keys without a value are left out."""
    return "\n".join(["---", *_yaml({key: value for key, value in header.items() if value}), "---", "", ""])


def card_header(
    results: Mapping[str, Any],
    scores: Sequence[Mapping[str, Any]],
    data: Sequence[Data],
    *,
    head: str | None,
    base_model: str | None,
) -> dict[str, Any]:
    """Return the header of a run's card.

    Args:
        results: content of results.json.
        scores: its rows that belong to the saved weights.
        data: the data that the model was trained and scored on.
        head: the hub's tag of the task head, if it has one.
        base_model: hub id of the model that training started from.
    """
    licences = [one.licence for one in data if one.licence]
    return {
        "language": _codes(code for one in data for code in one.languages),
        "license": "other" if licences else "unknown",
        "license_name": "see-training-data-and-licences" if licences else None,
        "library_name": "transformers",
        "pipeline_tag": head,
        "base_model": base_model,
        "datasets": _unique(one.hub for one in data if one.hub),
        "tags": ["crosslift", "cross-lingual-transfer", "zero-shot"],
        "metrics": _unique(row["metric"] for row in scores),
        "model-index": _index(results["recipe"], scores, data, head) if scores else None,
    }


def pipeline_tag(architecture: str) -> str | None:
    """Return the hub's tag for a class of transformers, if it has one."""
    return next((tag for ending, tag in _TAGS.items() if architecture.endswith(ending)), None)


def architecture_of(directory: Path) -> str:
    """Return transformers' class of a checkpoint, if its config.json names one."""
    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    return str((config.get("architectures") or [""])[0])


def _index(
    name: str, scores: Sequence[Mapping[str, Any]], data: Sequence[Data], head: str | None
) -> list[dict[str, Any]]:
    hub = {one.name: one.hub for one in data if one.hub}
    rows = [
        {
            "task": {"type": head or "other", "name": row["task"]},
            "dataset": {"name": row["task"], "type": hub.get(row["task"], row["task"]), "config": row["language"]},
            "metrics": [{"type": row["metric"], "value": round(float(row["value"]), 2)}],
        }
        for row in scores
    ]
    return [{"name": name, "results": rows}]


def _codes(found: Iterable[str]) -> list[str]:
    """Return standard codes; artificial languages, and those not in the table, have none that the hub knows."""
    codes = []
    for code in _unique(side for one in found for side in _sides(one)):
        try:
            known = languages.get(code)
        except LanguageError:
            continue
        if known.resources != "artificial":
            codes.append(known.code)
    return sorted(set(codes))


def _sides(code: str) -> list[str]:
    """Return the languages of a code: two of a text in two languages, as in MLQA."""
    first, hyphen, second = code.partition("-")
    return [first, second] if hyphen and second.islower() else [code]


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _yaml(value: Any, indent: int = 0) -> Iterator[str]:
    """Yield lines of YAML in block style; all texts are quoted, so that none reads as another type."""
    pad = " " * indent
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, (Mapping, list)):
                yield f"{pad}{key}:"
                yield from _yaml(inner, indent + 2)
            else:
                yield f"{pad}{key}: {_scalar(inner)}"
    else:
        for inner in value:
            if isinstance(inner, Mapping):
                first, *rest = _yaml(inner, indent + 2)
                yield f"{pad}- {first.lstrip()}"
                yield from rest
            else:
                yield f"{pad}- {_scalar(inner)}"


def _scalar(value: str | float) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
