"""The model card of a run: README.md next to its model, written from the run's own records.

The header is YAML, the rest Markdown.  Imports no torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosslift.io.markdown import bullets, escaped, table
from crosslift.runs.card_header import card_header, front_matter, pipeline_tag
from crosslift.tables import format as fmt
from crosslift.version import __version__

FEW_EXAMPLES = 1000
"""Test examples below which a card warns of small differences."""
_RULES = {
    "source-dev": "the checkpoint with the best score on development data of the source language",
    "last": "the last checkpoint",
    "average": "the mean of the weights of the last checkpoints",
    "target-dev": "the checkpoint with the best score on labelled development data of the target languages: selection "
    "on target dev, not zero-shot",
}


@dataclass(frozen=True)
class Data:
    """Data that a model was trained or scored on.

    Args:
        name: the name of the task.
        use: "labels to train on", "scored on its test split", ...
        languages: codes as in the data.
        licence: in words; empty if it is not known.
        citation: the paper; empty if there is none.
        hub: id of the data set on the hub, if it was read from there.
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
        recipe: the values of the recipe, with every default spelled out.
        environment: content of environment.json.
        data: the data that the model was trained and scored on.
        architecture: transformers' class of the checkpoint; empty if transformers has no such head.
        base_model: hub id of the model that training started from; None for a local checkpoint.
    """
    rule = (recipe.get("finetune") or {}).get("selection", "last")
    scores = [row for row in results["scores"] if row["selection"] == rule and _is_number(row["value"])]
    head = pipeline_tag(architecture)
    parts = [
        f"# {escaped(results['recipe'])}",
        _introduction(results, recipe, base_model),
        "## Scores",
        *_scores(results, scores, rule),
        *bullets("Training data and licences", _data(data, recipe, base_model)),
        *bullets("Intended use and limits", _limits(results, recipe, scores)),
        "## Load it",
        *loading(head, predicts=bool(recipe.get("finetune"))),
        *bullets("How it was made", _made(results, recipe, environment)),
    ]
    header = card_header(results, scores, data, head=head, base_model=base_model)
    return front_matter(header) + "\n\n".join(parts) + "\n"


def _introduction(results: Mapping[str, Any], recipe: Mapping[str, Any], base_model: str | None) -> str:
    start = f"from {base_model or _local_start(recipe)}"
    finetune = recipe.get("finetune")
    if not finetune:
        return escaped(f"A multilingual encoder without a task head, trained {start} by crosslift {__version__}.")
    labels = ", ".join(_labelled(results, recipe)) or "the source language"
    return escaped(
        f"A model for {finetune['task']}, fine-tuned {start} on labels in {labels} by crosslift {__version__}. In "
        "other languages it is used zero-shot: it has seen no labels of this task in them."
    )


def _local_start(recipe: Mapping[str, Any]) -> str:
    """Name a start that has no hub id; a path of the user's machine stays private."""
    return "an encoder trained from scratch" if _from_scratch(recipe) else "a local checkpoint"


def _from_scratch(recipe: Mapping[str, Any]) -> bool:
    model = str(recipe["encoder"]["model"])
    return model == "lab" or model.startswith("scratch:")


def _labelled(results: Mapping[str, Any], recipe: Mapping[str, Any]) -> list[str]:
    """Return the languages of the training examples, translations included."""
    task = (recipe.get("finetune") or {}).get("task")
    sources = [row["source"] for row in results["summary"] if row["task"] == task]
    translated = [code for stage in results["stages"] for code in stage.get("languages", ())]
    return [_language(results, code) for code in _unique([*sources[:1], *translated])]


def _language(results: Mapping[str, Any], code: str) -> str:
    name = results["languages"].get(code, {}).get("name")
    return f"{name} ({code})" if name else code


def _scores(results: Mapping[str, Any], scores: Sequence[Mapping[str, Any]], rule: str) -> Iterator[str]:
    if not scores:
        yield "This model was not scored."
        return
    yield escaped(f"In percent, for one seed ({results['seed']}). Weights: {_RULES.get(rule, rule)}.")
    for task in _unique(row["task"] for row in scores):
        yield f"### {escaped(task)}"
        yield _task_table(results, [row for row in scores if row["task"] == task])
        for row in results["summary"]:
            if (row["task"], row["selection"]) == (task, rule) and _is_number(row["target_mean"]):
                yield escaped(_summary(row))


def _summary(row: Mapping[str, Any]) -> str:
    gap = f"; transfer gap {fmt.score(row['transfer_gap'])} points" if _is_number(row["transfer_gap"]) else ""
    mean = fmt.score(row["target_mean"])
    return f"{row['metric']}: mean of {fmt.plural(row['targets'], 'target language')} {mean}{gap}."


def _task_table(results: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    metrics = _unique(row["metric"] for row in rows)
    values = {(row["language"], row["metric"]): row["value"] for row in rows}
    examples = {row["language"]: row.get("items", 0) for row in rows}
    lines = (
        [
            escaped(_language(results, code)),
            fmt.count(examples[code]),
            *(fmt.score(values.get((code, metric))) for metric in metrics),
        ]
        for code in examples
    )
    header = ["Language", "Examples", *(escaped(metric) for metric in metrics)]
    return table(header, ["---", *["---:"] * (len(header) - 1)], lines)


def _data(data: Sequence[Data], recipe: Mapping[str, Any], base_model: str | None) -> Iterator[str]:
    for one in data:
        licence = one.licence or "not known; ask the provider of the data"
        cited = f" {one.citation}" if one.citation else ""
        yield f"{one.name}, {one.use} ({', '.join(one.languages) or 'no language named'}). Licence: {licence}.{cited}"
    if base_model:
        yield f"{base_model}, the model that training started from: its licence applies as well."
    elif not _from_scratch(recipe):
        yield "The training data of the checkpoint that training started from has its own licences."


def _limits(
    results: Mapping[str, Any], recipe: Mapping[str, Any], scores: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    if recipe.get("finetune"):
        yield f"Intended for {recipe['finetune']['task']} in the languages above, and for research on transfer."
        yield (
            "Zero-shot: scores are lower in languages without labels, and vary between them; languages that are not "
            "in the table were not tested."
        )
    if (recipe.get("data") or {}).get("source") == "lab":
        yield "The lab's languages are artificial: this model reads no natural language."
    examples = [row["items"] for row in scores if row.get("items")]
    if examples and min(examples) < FEW_EXAMPLES:
        yield f"The smallest test set has {min(examples)} examples: small differences are not meaningful."
    yield "One run with one seed: another seed of the same recipe may score differently."
    yield from (f"Warning of the run: {warning}" for warning in results["warnings"])


def loading(head: str | None, *, predicts: bool) -> Iterator[str]:
    """Yield how to load a model, in Python and, if it has a task head, on the command line."""
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
        numbers = [f"{fmt.count(stage[name])} {name}" for name in ("steps", "tokens") if stage.get(name)]
        yield f"{stage['stage']}: {', '.join(numbers) or 'no steps'}"
    for name, key in (("align", "objective"), ("finetune", "method")):
        used = [one["use"] for one in (recipe.get(name) or {}).get(key) or []]
        if used:
            yield f"{name}: {', '.join(used)}"
    versions = [f"{name} {value}" for name, value in environment.get("packages", {}).items() if value]
    yield f"crosslift {environment.get('crosslift', __version__)}, {', '.join(versions) or 'no package recorded'}"
    yield "The run directory also holds recipe.toml, which reproduces the run, every prediction and every score."


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
