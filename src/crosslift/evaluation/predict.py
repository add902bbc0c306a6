"""Model, examples -> records: one prediction an example, whatever the batch size.

Examples are sorted by length and cut into batches of a token budget, so almost nothing is computed for padding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.heads import TaskModel
from crosslift.encoder.inputs import Inputs, Tokens
from crosslift.encoder.joint import sentence_place
from crosslift.tasks._task import ChoiceExample, Example, JointExample, RetrievalExample, TaggingExample
from crosslift.train.features import Item, TaskItem, rows_of, task_items

Record = dict[str, Any]
"""One line of a predictions file: id, prediction, gold, and what else the task's form has."""

BATCH_TOKENS = 4096


def predict(
    model: TaskModel,
    examples: Sequence[Example],
    *,
    language: str,
    max_length: int,
    batch_tokens: int = BATCH_TOKENS,
) -> list[Record]:
    """Return one record an example, in order: the label, its tags, intent and slots, or the index of its choice.

    Args:
        model: with a sentence, pair, tagging, joint or choice head; put into evaluation mode.
        examples: of one language; labels may be missing (gold is then None).
        language: for encoders that embed it.
        max_length: tokens an input is cut to; sentences to tag are cut into pieces instead.
        batch_tokens: padded tokens a batch.
    """
    items = task_items(
        model.encoder,
        examples,
        model.kind,
        model.labels,
        max_length=max_length,
        language=language,
        prompt=model.prompt,
        scored=True,
    )
    return predict_items(model, examples, items, batch_tokens=batch_tokens)


def predict_items(
    model: TaskModel, examples: Sequence[Example], items: Sequence[Item], *, batch_tokens: int = BATCH_TOKENS
) -> list[Record]:
    """Return what `predict` does, of examples that are tokenised already."""
    model.eval()  # all of it: a head may lie outside the encoder
    rows = rows_of(items)
    logits = _rows(model.encoder, [row.tokens for row in rows], model.logits, batch_tokens)
    if model.kind == "tagging":
        return _tagging_records(model, examples, rows, logits)
    if model.kind == "joint":
        return _joint_records(model, examples, rows, logits)
    if model.kind == "choice":
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


def _choice_records(examples: Sequence[Example], scores: Sequence[Tensor]) -> list[Record]:
    """Return the records of examples whose choices have these scores, one after another."""
    left, records = iter(scores), []
    for example in examples:
        assert isinstance(example, ChoiceExample)
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


def _joint_records(
    model: TaskModel, examples: Sequence[Example], items: Sequence[TaskItem], logits: Sequence[Tensor]
) -> list[Record]:
    """Return records whose prediction and gold are an intent and slots."""
    utterances = [example for example in examples if isinstance(example, JointExample)]
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
    sentences: Sequence[TaggingExample | JointExample],
    items: Sequence[TaskItem],
    logits: Sequence[Tensor],
) -> list[list[str]]:
    """Return the tags of each sentence's words, read at the first piece of each."""
    # A word without any piece (a lone control character, say) keeps the first label, so lengths always agree.
    tags = [[model.labels[0]] * len(sentence.words) for sentence in sentences]
    for item, scores in zip(items, logits, strict=True):
        best = scores[0].argmax(dim=-1).tolist()
        assert item.tokens.words is not None
        for position in reversed(range(len(item.tokens))):  # reversed: the first piece of a word has the last word
            word = item.tokens.words[position]
            if word >= 0 and item.first_word + word < len(tags[item.example]):
                tags[item.example][item.first_word + word] = model.labels[best[position]]
    return tags


def retrieve(
    encoder: Encoder,
    examples: Sequence[Example],
    *,
    language: str,
    source: str,
    max_length: int = 512,
    batch_tokens: int = BATCH_TOKENS,
) -> list[Record]:
    """Return for each source sentence its nearest target sentence, by XTREME's rule for Tatoeba.

    Sentence vectors are the mean, special tokens included, of the states of `retrieval_layer`; neighbours are by
    cosine, among all target sentences (Hu et al. 2020, arXiv 2003.11080, released scripts).
    """
    pairs = [example for example in examples if isinstance(example, RetrievalExample)]
    layer = retrieval_layer(encoder.layers)
    sides = [
        sentence_vectors(encoder, texts, language=code, layer=layer, max_length=max_length, batch_tokens=batch_tokens)
        for texts, code in (
            ([example.source for example in pairs], source),
            ([example.target for example in pairs], language),
        )
    ]
    nearest, cosine = nearest_neighbours(*sides)
    return [
        {
            "id": example.id,
            "prediction": pairs[found].id,
            "gold": example.id,
            "cosine": round(float(score), 6),
        }
        for example, found, score in zip(pairs, nearest, cosine, strict=True)
    ]


def retrieval_layer(layers: int) -> int:
    """Return the hidden state XTREME pools for retrieval, 0 being the embeddings.

    Index 7 of the last 12 states for 12 layers and 13 of the last 24 for 24, so 8 and 14; other depths, which XTREME
    does not name, take two thirds.

    >>> [retrieval_layer(layers) for layers in (4, 12, 24)]
    [3, 8, 14]
    """
    return {12: 8, 24: 14}.get(layers, round(layers * 2 / 3))


def sentence_vectors(
    encoder: Encoder,
    texts: Sequence[str],
    *,
    language: str,
    layer: int = -1,
    max_length: int = 128,
    batch_tokens: int = BATCH_TOKENS,
) -> NDArray[np.float32]:
    """Return (texts, hidden): L2-normalised means of the states of a layer, in the order of the texts."""

    def pooled(inputs: Inputs) -> Tensor:
        states = encoder.encode(inputs) if layer == -1 else encoder.hidden_states(inputs)[layer]
        return functional.normalize(encoder.pool(states, inputs, "mean").float(), dim=-1)

    tokens = encoder.tokenize(texts, max_length=min(max_length, encoder.max_length), language=language)
    vectors: NDArray[np.float32] = torch.cat(_rows(encoder, tokens, pooled, batch_tokens)).numpy()
    return vectors


def nearest_neighbours(
    queries: NDArray[np.float32], index: NDArray[np.float32], *, block: int = 4096
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return for each query the row of `index` with the highest inner product, and that product; exact, in blocks."""
    rows, scores = [], []
    for start in range(0, len(queries), block):
        products = queries[start : start + block] @ index.T
        best = products.argmax(axis=1)
        rows.append(best)
        scores.append(products[np.arange(len(best)), best])
    return np.concatenate(rows), np.concatenate(scores)


def _rows(
    encoder: Encoder, tokens: Sequence[Tokens], compute: Callable[[Inputs], Tensor], batch_tokens: int
) -> list[Tensor]:
    """Apply `compute` to all rows by length; return one tensor a row, (1, ...), on the CPU, in the given order."""
    results: list[Tensor] = [torch.empty(0)] * len(tokens)
    encoder.eval()
    with torch.inference_mode():
        for batch in _by_length([len(row) for row in tokens], batch_tokens):
            inputs = encoder.collate([tokens[index] for index in batch]).to(encoder.device)
            for index, row in zip(batch, compute(inputs).cpu(), strict=True):
                results[index] = row[None]
    return results


def _by_length(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or lengths[order[end]] * (end + 1 - start) > batch_tokens:
            yield order[start:end]
            start = end
