"""Default prompts and label words for text-to-text models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from crosslift.api.examples import TaskType

Style = Literal["t5", "flan"]
"""T5's task prefix and label names, or FLAN's question and answers."""

_NLI = frozenset({"entailment", "neutral", "contradiction"})
_PARAPHRASE = (frozenset({"different", "paraphrase"}), frozenset({"not_paraphrase", "paraphrase"}))
_TASKS: Mapping[tuple[Style, str], str] = {
    # mT5's released preprocessing of XNLI (Xue et al. 2021)
    ("t5", "xnli"): "xnli: premise: {first} hypothesis: {second}",
    ("flan", "sib200"): "{text} What is this text about?",
    ("flan", "pawsx"): "Sentence 1: {first} Sentence 2: {second} Do these two sentences mean the same thing?",
}
_LABEL_SETS: Mapping[tuple[Style, frozenset[str]], str] = {
    # T5's MNLI (Raffel et al. 2020, appendix D.3)
    ("t5", _NLI): "mnli premise: {first} hypothesis: {second}",
    ("flan", _NLI): "Premise: {first} Hypothesis: {second} Does the premise entail the hypothesis?",
    **{("flan", labels): _TASKS["flan", "pawsx"] for labels in _PARAPHRASE},
}
_TASK_TYPES: Mapping[tuple[Style, str], str] = {
    # as in T5's GLUE tasks, after the name of the task
    ("t5", "sentence"): "sentence: {text}",
    ("t5", "pair"): "sentence1: {first} sentence2: {second}",
    ("flan", "sentence"): "Text: {text} Which label fits this text?",
    ("flan", "pair"): "Sentence 1: {first} Sentence 2: {second} Which label fits these sentences?",
}
_ANSWERS: Mapping[frozenset[str], Mapping[str, str]] = {
    _NLI: {"entailment": "yes", "neutral": "maybe", "contradiction": "no"},
    **{labels: {label: "yes" if label == "paraphrase" else "no" for label in labels} for labels in _PARAPHRASE},
}
"""FLAN's answers to the questions above."""


def style_of(checkpoint: str) -> Style:
    """Return the style that a checkpoint was trained with, judging by its name.

    >>> style_of("google/flan-t5-base"), style_of("google/mt5-small")
    ('flan', 't5')
    """
    return "flan" if "flan" in checkpoint.lower() else "t5"


def prompt_for(style: Style, *, task: str, task_type: TaskType, labels: Sequence[str]) -> str:
    """Return the prompt of a task: its own, that of its label set, or that of its type ("sentence" or "pair")."""
    known = _TASKS.get((style, task)) or _LABEL_SETS.get((style, frozenset(labels)))
    return known or f"{task + ' ' if style == 't5' else ''}{_TASK_TYPES[style, task_type]}"


def words_for(style: Style, labels: Sequence[str]) -> dict[str, str]:
    """Return the word of each label: FLAN's answer if its prompt asks for one, else the name of the label."""
    answers = _ANSWERS.get(frozenset(labels), {}) if style == "flan" else {}
    return {label: answers.get(label) or label.replace("_", " ") for label in labels}
