"""What recipes can name: listed without importing anything heavy, described with settings and sources."""

from __future__ import annotations

from typing import Any

from crosslift.api import registry
from crosslift.encoder.scratch.presets import PRESETS
from crosslift.errors import InputError, nearest

KINDS = {"tasks": ("task",), "methods": ("align", "finetune"), "metrics": ("metric",), "encoders": (), "studies": ()}
"""What `crosslift list` lists, and the shelves it is on."""


FAMILIES = {
    "bert": "BERT and multilingual BERT, hub id or directory",
    "xlm": "XLM with its language ids",
    "roberta": "XLM-R and RoBERTa",
    "deberta": "DeBERTa-v2, DeBERTa-v3 and mDeBERTa",
    "modernbert": "ModernBERT and mmBERT",
    "t5": "the encoder of T5, mT5 and Flan-T5",
    "m2m100": "the encoder of M2M100 and NLLB",
}


def listing(what: str) -> list[dict[str, str]]:
    """Return name, kind and one-line summary of everything of a kind.

    Raises:
        InputError: no such kind.
    """
    if what not in KINDS:
        raise InputError(f"there is no list of '{what}'{nearest(what, KINDS)} (lists: {', '.join(KINDS)})")
    if what == "encoders":
        return _encoders()
    if what == "studies":
        return _studies()
    return [
        {"name": entry.name, "kind": shelf, "summary": entry.summary}
        for shelf in KINDS[what]
        for entry in registry.entries(shelf).values()
    ]


def _studies() -> list[dict[str, str]]:
    from crosslift import studies  # reads recipes, which listing tasks need not wait for

    found = [(name, studies.load(name).study) for name in studies.names()]
    return [{"name": name, "kind": ", ".join(study.scale), "summary": study.title} for name, study in found]


def _encoders() -> list[dict[str, str]]:
    scratch = [
        {
            "name": f"scratch:{name}",
            "kind": "from scratch",
            "summary": f"{shape.architecture} of {shape.layers} layers, {shape.hidden_size} wide, random weights",
        }
        for name, shape in PRESETS.items()
    ]
    lab = {
        "name": "lab",
        "kind": "from scratch",
        "summary": "scratch:lab pre-trained on the lab's text, cached",
    }
    return [
        lab,
        *scratch,
        *({"name": name, "kind": "family", "summary": summary} for name, summary in FAMILIES.items()),
    ]


def description(name: str) -> dict[str, Any]:
    """Return what is known of a name: kind, documentation, settings with defaults, facts.

    A name may be on several shelves, as `code_switch` is an alignment objective and a fine-tuning method; `also` has
    the same facts of it on each shelf after the first.

    Raises:
        InputError: nothing has this name.
    """
    found = [row for kind in KINDS for row in listing(kind) if row["name"] == name]
    if not found:
        names = [row["name"] for kind in KINDS for row in listing(kind)]
        raise InputError(f"nothing is called '{name}'{nearest(name, names)}; `crosslift list` shows all names")
    first, *others = map(_facts, found)
    return {**first, "also": others}


def _facts(row: dict[str, str]) -> dict[str, Any]:
    """Return what is known of one row of a listing."""
    shelf, name = row["kind"], row["name"]
    if shelf not in registry.SHELVES:
        return {**row, "documentation": row["summary"]}
    return {**row, "documentation": registry.entries(shelf)[name].documentation, **_details(shelf, name)}


def _details(shelf: str, name: str) -> dict[str, Any]:
    made = registry.load(shelf, name)
    if shelf == "task":
        return {
            "task type": made.task_type,
            "labels": list(made.labels),
            "source": made.source,
            "languages": list(made.languages),
            "metrics": list(made.metrics),
            "licence": made.licence,
            "citation": made.citation,
        }
    if shelf == "metric":
        return {"parts": list(made.parts)}
    settings = {
        field: {"default": info.get_default(), "description": info.description}
        for field, info in ((info.alias or name, info) for name, info in made.model_fields.items())
    }
    return {"input_type": made.input_type, "splittable": made.splittable, "paper": made.paper, "settings": settings}
