"""The model card of a merged checkpoint: its parts, their settings, and the data that their cards name."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import huggingface_hub
import yaml

from crosslift.io.markdown import bullets, escaped, table
from crosslift.runs.card_header import front_matter, pipeline_tag
from crosslift.runs.model_card import loading
from crosslift.version import __version__

log = logging.getLogger(__name__)

_HOW = {
    "average": "the weighted mean of the weights",
    "task-arithmetic": "the base plus the weighted sum of each model's changes (Ilharco et al. 2023)",
    "ties": "TIES: the largest changes that agree in sign (Yadav et al. 2023)",
    "dare": "DARE: changes dropped at random, the others rescaled (Yu et al. 2024)",
}


def merge_card(record: Mapping[str, Any], architecture: str, *, predicts: bool) -> str:
    """Return the card of a merge.

    Args:
        record: the contents of `crosslift_merge.json`: how, models, weights, base, and other settings.
        architecture: transformers' class of the checkpoint; empty for a head that transformers does not have.
        predicts: whether the model has a task head.
    """
    models, base = record["models"], record["base"]
    cards = [_header_of(place) for place in models]
    head = pipeline_tag(architecture)
    header = {
        "language": _all(cards, "language"),
        "license": _licence(cards),
        "license_name": "see-the-cards-of-its-parts" if _licence(cards) == "other" else None,
        "library_name": "transformers",
        "pipeline_tag": head,
        "base_model": [place for place in [*models, *([base] if base else [])] if _is_hub_id(place)],
        "datasets": _all(cards, "datasets"),
        "tags": ["crosslift", "merge"],
    }
    rows = (
        [escaped(shown(place)), f"{weight:g}", escaped(", ".join(_texts(card, "language")) or "not known")]
        for place, weight, card in zip(models, record["weights"], cards, strict=True)
    )
    parts = [
        "# Merged model",
        escaped(f"Weights of {len(models)} models in one: {_HOW[record['how']]}. Made by crosslift {__version__}."),
        "## Made of\n\n" + table(["Model", "Weight", "Languages"], ["---", "---:", "---"], rows),
        *bullets("Settings", _settings(record)),
        *bullets("Intended use and limits", _limits()),
        "## Load it",
        *loading(head, predicts=predicts),
    ]
    return front_matter(header) + "\n\n".join(parts) + "\n"


def shown(place: str) -> str:
    """Return the name of a model in a card: a hub id, or the end of its path, since whole paths differ by machine.

    >>> shown("google-bert/bert-base-cased"), shown("/home/me/runs/tlm/seed-0/model")
    ('google-bert/bert-base-cased', 'tlm/seed-0/model')
    """
    return place if _is_hub_id(place) else "/".join(Path(place).parts[-3:])


def _is_hub_id(place: str) -> bool:
    return not Path(place).exists() and place.count("/") == 1 and not place.startswith(("/", "."))


def _header_of(place: str) -> dict[str, Any]:
    """Return the YAML header of a model's card; empty if there is none, or it cannot be parsed."""
    path = Path(place) / "README.md"
    if not path.is_file():
        return {}
    try:
        return huggingface_hub.metadata_load(path) or {}
    except (yaml.YAMLError, ValueError) as error:
        log.warning("%s: the header is not YAML (%s); the card of the merged model ignores it", path, error)
        return {}


def _texts(card: Mapping[str, Any], key: str) -> list[str]:
    found = card.get(key) or []
    return [str(one) for one in (found if isinstance(found, list) else [found])]


def _all(cards: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return sorted({text for card in cards for text in _texts(card, key)})


def _licence(cards: Sequence[Mapping[str, Any]]) -> str:
    """Return the licence if all parts have the same, "other" if they differ, "unknown" if none has one."""
    found = {str(card.get("license") or "unknown") for card in cards}
    return found.pop() if len(found) == 1 else "other"


def _settings(record: Mapping[str, Any]) -> Iterator[str]:
    yield f"how: {record['how']}"
    if record["base"]:
        yield f"base: {shown(record['base'])}"
    yield from (f"{key}: {record[key]}" for key in ("density", "seed") if key in record)


def _limits() -> Iterator[str]:
    yield "The licences and limits of all its parts apply: read their cards."
    yield "This model has no scores yet, and its parts' scores do not apply. crosslift evaluate DIRECTORY scores it."
