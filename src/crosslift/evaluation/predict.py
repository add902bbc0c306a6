"""Prediction: one record per example, the same whatever the batch size.

Inputs are batched by length within a budget of tokens, so that little is computed for padding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from crosslift.api.examples import (
    Example,
    ExtractiveQAExample,
    IntentSlotExample,
    MultipleChoiceExample,
    TaggingExample,
)
from crosslift.api.records import Record
from crosslift.encoder.batching import by_length
from crosslift.evaluation.spans import answers
from crosslift.heads.input_settings import Lengths, Vote
from crosslift.heads.intent_slot import sentence_place
from crosslift.heads.task_model import TaskModel
from crosslift.train.task_items import Item, TaskItem, rows_of
from crosslift.train.tokenized_tasks import model_items
from crosslift.train.windows import read_contexts


def predict(
    model: TaskModel,
    examples: Sequence[Example],
    *,
    language: str,
    max_length: int | None = None,
    batch_tokens: int | None = None,
    doc_stride: int | None = None,
) -> list[Record]:
    """Return one record per example, in order: its label, tags, intent and slots, index of a choice, or answer.

    The model reads the examples with its prompt, its input settings and its lengths (`TaskModel.lengths`).

    Args:
        model: is put into evaluation mode.
        examples: of one language and the model's task type; labels may be missing (gold is then None).
        language: language of the texts, for encoders that embed it and for language adapters.
        max_length: tokens an input is truncated to, or tokens of a window; None for the model's.  Sentences to tag are
            split into parts instead.
        batch_tokens: padded tokens per batch; None suits the device.
        doc_stride: tokens from the start of one window to the start of the next; None for the model's.

    Raises:
        LanguageError: the model has language adapters, but none for this language, and no fallback.
        DataError: a gold label that the model does not have, or a context without any token.
        RecipeError: `max_length` leaves no room for the texts.
    """
    lengths = model.lengths(max_length=max_length, doc_stride=doc_stride)
    if model.task_type == "extractive_qa":
        return _answer_records(model, examples, lengths, language=language, batch_tokens=batch_tokens)
    items = model_items(model, examples, language=language, lengths=lengths, scored=True)
    with model.in_language(language):
        return predict_items(model, examples, items, batch_tokens=batch_tokens)


def predict_items(
    model: TaskModel, examples: Sequence[Example], items: Sequence[Item], *, batch_tokens: int | None = None
) -> list[Record]:
    """Return the records of examples that are tokenized already; answers to questions aside, as `predict` does.

    Args:
        model: is put into evaluation mode.
        examples: of the model's task type.
        items: of the examples.
        batch_tokens: padded tokens per batch; None suits the device.
    """
    model.eval()  # all of it: a head may be outside the encoder
    rows = rows_of(items)
    logits = by_length(model.encoder, [row.tokens for row in rows], model.logits, batch_tokens)
    if model.task_type == "tagging":
        return _tagging_records(model, examples, rows, logits)
    if model.task_type == "intent_slot":
        return _intent_slot_records(model, examples, rows, logits)
    if model.task_type == "multiple_choice":
        return _choice_records(examples, logits)
    probabilities = torch.cat(logits).float().softmax(dim=-1).numpy()  # (examples, labels)
    return [
        {
            "id": example.id,
            "prediction": model.labels[int(row.argmax())],
            "gold": getattr(example, "label", None),
            "probability": round(float(row.max()), 6),
        }
        for example, row in zip(examples, probabilities, strict=True)
    ]


def _answer_records(
    model: TaskModel, examples: Sequence[Example], lengths: Lengths, *, language: str, batch_tokens: int | None
) -> list[Record]:
    questions = [example for example in examples if isinstance(example, ExtractiveQAExample)]
    read = read_contexts(
        model.encoder, questions, max_length=lengths.max_length, doc_stride=lengths.doc_stride, language=language
    )
    model.eval()
    with model.in_language(language):
        logits = by_length(model.encoder, [window.tokens for window in read.windows], model.logits, batch_tokens)
    return list(answers(questions, read, logits, language=language))


def _choice_records(examples: Sequence[Example], scores: Sequence[Tensor]) -> list[Record]:
    """Return the records of multiple-choice examples, given the score of each choice, one after another."""
    left, records = iter(scores), []
    for example in examples:
        assert isinstance(example, MultipleChoiceExample)
        probabilities = torch.cat([next(left) for _ in example.choices]).float().softmax(dim=0)
        best = int(probabilities.argmax())
        probability = round(float(probabilities[best]), 6)
        records.append({"id": example.id, "prediction": best, "gold": example.label, "probability": probability})
    return records


def _tagging_records(
    model: TaskModel, examples: Sequence[Example], items: Sequence[TaskItem], logits: Sequence[Tensor]
) -> list[Record]:
    sentences = [example for example in examples if isinstance(example, TaggingExample)]
    return [
        {"id": sentence.id, "prediction": row, "gold": list(sentence.tags) if sentence.tags else None}
        for sentence, row in zip(sentences, _tags(model, sentences, items, logits), strict=True)
    ]


def _intent_slot_records(
    model: TaskModel, examples: Sequence[Example], items: Sequence[TaskItem], logits: Sequence[Tensor]
) -> list[Record]:
    """Return records whose prediction and gold are an intent and slots."""
    utterances = [example for example in examples if isinstance(example, IntentSlotExample)]
    tags = _tags(model, utterances, items, logits)
    first = [(item, scores[0]) for item, scores in zip(items, logits, strict=True) if item.first_word == 0]
    records = []
    for (item, scores), row in zip(sorted(first, key=lambda pair: pair[0].example), tags, strict=True):
        utterance = utterances[item.example]
        probabilities = scores[sentence_place(item.tokens.special)].float().softmax(dim=-1)
        intent = model.labels[int(probabilities.argmax())]
        known = utterance.intent is not None and utterance.tags is not None
        gold = {"intent": utterance.intent, "slots": list(utterance.tags or ())} if known else None
        prediction = {"intent": intent, "slots": row}
        record = {"id": utterance.id, "prediction": prediction, "gold": gold}
        records.append({**record, "intent_probability": round(float(probabilities.max()), 6)})
    return records


def _tags(
    model: TaskModel,
    sentences: Sequence[TaggingExample | IntentSlotExample],
    items: Sequence[TaskItem],
    logits: Sequence[Tensor],
) -> list[list[str]]:
    """Return the tags of each sentence's words, given the logits of its parts, (1, length, labels) each."""
    # A word without subwords (a lone control character, say) keeps the first label, so that lengths always agree.
    tags = [[model.labels[0]] * len(sentence.words) for sentence in sentences]
    for item, scores in zip(items, logits, strict=True):
        for word, label in word_labels(item, scores[0].argmax(dim=-1).tolist(), model.input_settings.vote).items():
            tags[item.example][item.first_word + word] = model.labels[label]
    return tags


def word_labels(item: TaskItem, best: Sequence[int], vote: Vote) -> dict[int, int]:
    """Return the label of each word in a part of a sentence, given the label of each token.

    A word truncated at the end is whole in the next part, whose labels overwrite these.
    """
    assert item.tokens.words is not None
    subwords: dict[int, list[int]] = {}
    for word, label in zip(item.tokens.words, best, strict=False):  # padding comes after the tokens
        if word >= 0:
            subwords.setdefault(word, []).append(label)
    if vote == "first":
        return {word: labels[0] for word, labels in subwords.items()}
    return {word: Counter(labels).most_common(1)[0][0] for word, labels in subwords.items()}
