"""The model card that a run writes beside its model: README.md as the hub reads it, all from what the run knows.

The header is YAML (https://huggingface.co/docs/hub/model-cards), the rest Markdown.  Imports no torch.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosslift import languages
from crosslift.errors import LanguageError
from crosslift.io.markdown import bullets, escaped, table
from crosslift.version import __version__

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""What may stand in JSON as it is, and in YAML not."""
_HEADS = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForMultipleChoice": "multiple-choice",
}
"""Ends of the names of transformers' classes, and the tasks that the hub knows them by."""
_RULES = {
    "source-dev": "the checkpoint with the best score on development data of the source language",
    "last": "the last checkpoint",
    "average": "the mean of the weights of the last checkpoints",
    "target-dev": "the checkpoint with the best score on labelled development data of the target languages: an oracle, "
    "not zero-shot",
}


@dataclass(frozen=True)
class Data:
    """What a model learned from or was scored on.

    Args:
        name: the task's.
        use: "labels to train on", "scores", ...
        languages: codes, as the data has them.
        licence: in words; empty where it is not known.
        citation: the paper; empty where there is none.
        hub: the data set's id on the hub, where it was read from there.
    """

    name: str
    use: str
    languages: tuple[str, ...] = ()
    licence: str = ""
    citation: str = ""
    hub: str | None = None


def model_card(
    results: Mapping[str, Any],
    recipe: Mapping[str, Any],
    environment: Mapping[str, Any],
    *,
    data: Sequence[Data],
    architecture: str = "",
    base_model: str | None = None,
) -> str:
    """Return the card of the model that a run saved.

    Args:
        results: content of results.json.
        recipe: the recipe's values, every default spelled out.
        environment: content of environment.json.
        data: what it was trained and scored on.
        architecture: transformers' class of the checkpoint; empty for a head that transformers does not have.
        base_model: the hub id that training began with, or None for a checkpoint of one's own.
    """
    rule = (recipe.get("finetune") or {}).get("selection", "last")
    kept = [row for row in results["scores"] if row["selection"] == rule and _is_number(row["value"])]
    head = head_of(architecture)
    header = _header(results, kept, data, head=head, base_model=base_model)
    parts = [
        f"# {escaped(results['recipe'])}",
        _introduction(results, recipe, base_model),
        "## Scores",
        *_scores(results, kept, rule),
        *bullets("Training data and licences", _data(data, recipe, base_model)),
        *bullets("Intended use and limits", _limits(results, recipe, kept)),
        "## Load it",
        *loading(head, predicts=bool(recipe.get("finetune"))),
        *bullets("How it was made", _made(results, recipe, environment)),
    ]
    return front_matter(header) + "\n\n".join(parts) + "\n"


def head_of(architecture: str) -> str | None:
    """Return the task that the hub knows transformers' class by, if it has one."""
    return next((tag for end, tag in _HEADS.items() if architecture.endswith(end)), None)


def architecture_of(directory: Path) -> str:
    """Return transformers' class of a checkpoint, if it names one."""
    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    return str((config.get("architectures") or [""])[0])


def front_matter(header: Mapping[str, Any]) -> str:
    """Return the YAML that a card begins with; keys without a value are left out."""
    return "\n".join(["---", *_yaml({key: value for key, value in header.items() if value}), "---", "", ""])


def _header(
    results: Mapping[str, Any],
    kept: Sequence[Mapping[str, Any]],
    data: Sequence[Data],
    *,
    head: str | None,
    base_model: str | None,
) -> dict[str, Any]:
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
        "metrics": _unique(row["metric"] for row in kept),
        "model-index": _index(results, kept, data, head) if kept else None,
    }


def _index(
    results: Mapping[str, Any], kept: Sequence[Mapping[str, Any]], data: Sequence[Data], head: str | None
) -> list[dict[str, Any]]:
    hub = {one.name: one.hub for one in data if one.hub}
    return [
        {
            "name": results["recipe"],
            "results": [
                {
                    "task": {"type": head or "other", "name": row["task"]},
                    "dataset": {
                        "name": row["task"],
                        "type": hub.get(row["task"], row["task"]),
                        "config": row["language"],
                    },
                    "metrics": [{"type": row["metric"], "value": round(float(row["value"]), 2)}],
                }
                for row in kept
            ],
        }
    ]


def _codes(found: Iterable[str]) -> list[str]:
    """Return standard codes; an artificial language, or one that the table lacks, has none for the hub."""
    codes = []
    for code in _unique(part for one in found for part in _sides(one)):
        try:
            known = languages.get(code)
        except LanguageError:
            continue
        if known.resources != "artificial":
            codes.append(known.code)
    return sorted(set(codes))


def _sides(code: str) -> list[str]:
    """Return the languages of a code: two for a text in two languages, as MLQA has them."""
    first, hyphen, second = code.partition("-")
    return [first, second] if hyphen and second.islower() else [code]


def _introduction(results: Mapping[str, Any], recipe: Mapping[str, Any], base_model: str | None) -> str:
    start = f"from {base_model or _own_start(recipe)}"
    finetune = recipe.get("finetune")
    if not finetune:
        return escaped(f"A multilingual encoder without a task's head, trained {start} by crosslift {__version__}.")
    labels = ", ".join(_labelled(results, recipe)) or "the source language"
    return escaped(
        f"A model for {finetune['task']}, fine-tuned {start} on labels in {labels} by crosslift {__version__}. In "
        "other languages it is used zero-shot: no labels of this task were seen in them."
    )


def _own_start(recipe: Mapping[str, Any]) -> str:
    """Name a start that has no hub id; a path of this machine is nobody's business."""
    return "an encoder trained from scratch" if _from_scratch(recipe) else "a checkpoint of one's own"


def _from_scratch(recipe: Mapping[str, Any]) -> bool:
    model = str(recipe["encoder"]["model"])
    return model == "lab" or model.startswith("scratch:")


def _labelled(results: Mapping[str, Any], recipe: Mapping[str, Any]) -> list[str]:
    """Return the languages that training examples were in, translations included."""
    task = (recipe.get("finetune") or {}).get("task")
    own = [row["source"] for row in results["summary"] if row["task"] == task]
    translated = [code for stage in results["stages"] for code in stage.get("languages", ())]
    return [_named(results, code) for code in _unique([*own[:1], *translated])]


def _named(results: Mapping[str, Any], code: str) -> str:
    name = results["languages"].get(code, {}).get("name")
    return f"{name} ({code})" if name else code


def _scores(results: Mapping[str, Any], kept: Sequence[Mapping[str, Any]], rule: str) -> Iterator[str]:
    if not kept:
        yield "This model was not scored."
        return
    yield escaped(f"In percent, on one seed ({results['seed']}). Weights: {_RULES.get(rule, rule)}.")
    for task in _unique(row["task"] for row in kept):
        yield f"### {escaped(task)}"
        yield _task_table(results, [row for row in kept if row["task"] == task])
        for row in results["summary"]:
            if (row["task"], row["selection"]) == (task, rule) and _is_number(row["target_mean"]):
                yield escaped(_summary(row))


def _summary(row: Mapping[str, Any]) -> str:
    gap = f"; transfer gap {row['transfer_gap']:.1f} points" if _is_number(row["transfer_gap"]) else ""
    return f"{row['metric']}: mean of {row['targets']} target languages {row['target_mean']:.1f}{gap}."


def _task_table(results: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    metrics = _unique(row["metric"] for row in rows)
    values = {(row["language"], row["metric"]): f"{row['value']:.1f}" for row in rows}
    items = {row["language"]: row.get("items", 0) for row in rows}
    lines = (
        [escaped(_named(results, code)), f"{items[code]:,}", *(values.get((code, metric), "–") for metric in metrics)]
        for code in items
    )
    header = ["Language", "Examples", *(escaped(metric) for metric in metrics)]
    return table(header, ["---", *["---:"] * (len(header) - 1)], lines)


def _data(data: Sequence[Data], recipe: Mapping[str, Any], base_model: str | None) -> Iterator[str]:
    for one in data:
        licence = one.licence or "not known; ask whoever gave you the data"
        cited = f" {one.citation}" if one.citation else ""
        yield f"{one.name}, {one.use} ({', '.join(one.languages) or 'no language named'}). Licence: {licence}.{cited}"
    if base_model:
        yield f"{base_model}, the model that training began with: its own licence applies as well."
    elif not _from_scratch(recipe):
        yield "What the checkpoint that training began with has learned from has licences of its own."


def _limits(results: Mapping[str, Any], recipe: Mapping[str, Any], kept: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if recipe.get("finetune"):
        yield f"Made to be used for {recipe['finetune']['task']} in the languages above, and for research on transfer."
        yield (
            "Zero-shot: in languages without labels scores are lower, and differ; of languages not in the table "
            "nothing is known."
        )
    if (recipe.get("data") or {}).get("source") == "lab":
        yield "The lab's languages are artificial: this model reads no natural language."
    items = [row["items"] for row in kept if row.get("items")]
    if items and min(items) < 1000:
        yield f"The smallest test set has {min(items)} examples: small differences say nothing."
    yield "One run of one seed: another seed of the same recipe may score otherwise."
    yield from (f"Warning of the run: {warning}" for warning in results["warnings"])


def loading(head: str | None, *, predicts: bool) -> Iterator[str]:
    """Yield how to load a model, in Python and, if it has a task's head, by command."""
    yield "DIRECTORY is the folder that holds this file."
    if head in ("text-classification", "token-classification", "question-answering"):
        code = f'from transformers import pipeline\n\nmodel = pipeline("{head}", model="DIRECTORY")'
    elif head == "multiple-choice":
        code = (
            "from transformers import AutoModelForMultipleChoice\n\n"
            'model = AutoModelForMultipleChoice.from_pretrained("DIRECTORY")'
        )
    else:
        code = (
            'from transformers import AutoModel\n\nencoder = AutoModel.from_pretrained("DIRECTORY")  # without a head'
        )
    yield f"```python\n{code}\n```"
    if predicts:
        yield "```bash\ncrosslift predict DIRECTORY examples.jsonl --output predicted.jsonl\n```"


def _made(results: Mapping[str, Any], recipe: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[str]:
    for stage in results["stages"]:
        numbers = [f"{stage[name]:,} {name}" for name in ("steps", "tokens") if stage.get(name)]
        yield f"{stage['stage']}: {', '.join(numbers) or 'no steps'}"
    for name, key in (("align", "objective"), ("finetune", "method")):
        used = [one["use"] for one in (recipe.get(name) or {}).get(key) or []]
        if used:
            yield f"{name}: {', '.join(used)}"
    versions = [f"{name} {value}" for name, value in environment.get("packages", {}).items() if value]
    yield f"crosslift {environment.get('crosslift', __version__)}, {', '.join(versions) or 'no package recorded'}"
    yield "The run directory beside holds recipe.toml, which repeats it, every prediction and every score."


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _yaml(value: Any, indent: int = 0) -> Iterator[str]:
    """Yield lines of YAML in block style; every text is quoted, so that none is taken for anything else."""
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
