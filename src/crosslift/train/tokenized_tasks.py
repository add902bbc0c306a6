"""Examples of a task, tokenized into items, for training and prediction.

Long tagged sentences are split into parts, and long contexts of questions into windows; other inputs are truncated.  An
example with choices has one row per choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from crosslift.api.examples import (
    Example,
    ExtractiveQAExample,
    MultipleChoiceExample,
    PairExample,
    SentenceExample,
    TaskType,
)
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Tokens
from crosslift.heads.input_settings import DOC_STRIDE, WHOLE, InputSettings, Lengths, Texts
from crosslift.heads.prompt import Prompt
from crosslift.heads.task_model import TaskModel
from crosslift.train.label_index import LabelIndex
from crosslift.train.tagged_items import tagged_items
from crosslift.train.task_items import Item, MultipleChoiceItem, TaskItem
from crosslift.train.windows import answer_positions, read_contexts

Tokenize = Callable[[Sequence[str], Sequence[str] | None], list[Tokens]]
"""Tokenizes texts, or pairs of texts."""


def model_items(
    model: TaskModel,
    examples: Sequence[Example],
    *,
    language: str,
    words: bool = False,
    scored: bool = False,
    lengths: Lengths | None = None,
) -> Sequence[Item]:
    """Return the items of examples as `model` reads them: with its prompt, its input settings and its lengths.

    Args:
        model: reads the examples.
        examples: of one language.
        language: their language.
        words: as in `task_items`.
        scored: as in `task_items`.
        lengths: override the model's.

    Raises:
        DataError: an unknown label, or an answer that is not at its stated place.
    """
    lengths = lengths or model.lengths()
    return task_items(
        model.encoder,
        examples,
        model.task_type,
        model.labels,
        max_length=lengths.max_length,
        doc_stride=lengths.doc_stride,
        language=language,
        words=words,
        prompt=model.prompt,
        input_settings=model.input_settings,
        scored=scored,
    )


def task_items(
    encoder: Encoder,
    examples: Sequence[Example],
    task_type: TaskType,
    labels: Sequence[str],
    *,
    max_length: int,
    language: str,
    words: bool = False,
    prompt: Prompt | None = None,
    doc_stride: int = DOC_STRIDE,
    input_settings: InputSettings = WHOLE,
    scored: bool = False,
) -> Sequence[Item]:
    """Return the items of examples.

    Args:
        encoder: has the tokenizer.
        examples: of one language.
        task_type: their task type.
        labels: in the order of a model's outputs.
        max_length: tokens an input is truncated to, or tokens of a window.
        language: their language.
        words: whether tokens state the index of their word, words being what white space separates; with a prompt and
            for tagging they always do.
        prompt: the prompt that texts are put into.
        doc_stride: tokens from the start of one window of a context to the start of the next.
        input_settings: the parts of an example that are read, and the subwords that have a word's tag.
        scored: whether nothing is learned from the examples; intent_slot examples may then have labels that are not
            among `labels`, which become IGNORED.

    Raises:
        DataError: an unknown label, or an answer that is not at its stated place.
    """
    if task_type in ("tagging", "intent_slot"):
        index = LabelIndex(labels, is_open=scored and task_type == "intent_slot")
        return list(
            tagged_items(
                encoder, examples, index, max_length=max_length, language=language, subwords=input_settings.subwords
            )
        )
    if task_type == "extractive_qa":
        return list(_window_items(encoder, examples, max_length, language, doc_stride))
    way = partial(_in_prompt, prompt) if prompt else _by_words if words else _by_texts
    tokenize: Tokenize = partial(way, encoder, max_length=max_length, language=language)
    if task_type == "multiple_choice":
        return _choice_items(examples, tokenize, input_settings.texts)
    return _labelled(tokenize(*_texts(examples, input_settings.texts)), examples, labels)


def pair_items(
    encoder: Encoder,
    pairs: Sequence[tuple[Tokens, Tokens]],
    examples: Sequence[Example],
    labels: Sequence[str],
    *,
    max_length: int,
) -> list[TaskItem]:
    """Return items of pairs whose texts are tokenized already, without truncation; equals tokenizing them as pairs.

    Raises:
        DataError: an unknown label.
    """
    joined = [encoder.join(first, second, max_length=max_length) for first, second in pairs]
    return _labelled(joined, examples, labels)


def _labelled(rows: Sequence[Tokens], examples: Sequence[Example], labels: Sequence[str]) -> list[TaskItem]:
    index = LabelIndex(labels)
    return [
        TaskItem(row, index.of(example, getattr(example, "label", None)), number)
        for number, (row, example) in enumerate(zip(rows, examples, strict=True))
    ]


def _by_texts(
    encoder: Encoder, firsts: Sequence[str], seconds: Sequence[str] | None, *, max_length: int, language: str
) -> list[Tokens]:
    return encoder.tokenize(firsts, seconds, max_length=max_length, language=language)


def _by_words(
    encoder: Encoder, firsts: Sequence[str], seconds: Sequence[str] | None, *, max_length: int, language: str
) -> list[Tokens]:
    """Tokenize word by word; a pair is joined, and truncated, afterwards."""

    def rows(texts: Sequence[str], limit: int | None) -> list[Tokens]:
        return encoder.tokenize_words([text.split() for text in texts], max_length=limit, language=language)

    if seconds is None:
        return rows(firsts, max_length)
    pairs = zip(rows(firsts, None), rows(seconds, None), strict=True)
    return [encoder.join(first, second, max_length=max_length) for first, second in pairs]


def _in_prompt(
    prompt: Prompt,
    encoder: Encoder,
    firsts: Sequence[str],
    seconds: Sequence[str] | None,
    *,
    max_length: int,
    language: str,
) -> list[Tokens]:
    texts = [(text,) for text in firsts] if seconds is None else list(zip(firsts, seconds, strict=True))
    return prompt.tokens(encoder, texts, max_length=max_length, language=language)


def _texts(examples: Sequence[Example], texts: Texts) -> tuple[list[str], list[str] | None]:
    if all(isinstance(example, PairExample) for example in examples):
        pairs = [example for example in examples if isinstance(example, PairExample)]
        if texts == "second":
            return [pair.second for pair in pairs], None
        return [pair.first for pair in pairs], [pair.second for pair in pairs]
    sentences = [example for example in examples if isinstance(example, SentenceExample)]
    return [sentence.text for sentence in sentences], None


def _choice_items(examples: Sequence[Example], tokenize: Tokenize, texts: Texts) -> list[MultipleChoiceItem]:
    """Return one row per choice: the pair of "premise question" and the choice, or the choice alone."""
    several = [example for example in examples if isinstance(example, MultipleChoiceExample)]
    firsts, seconds = _choice_texts(several)
    rows = iter(tokenize(seconds, None) if texts == "second" else tokenize(firsts, seconds))
    items = []
    for number, example in enumerate(several):
        label = IGNORED if example.label is None else example.label
        items.append(MultipleChoiceItem(tuple(TaskItem(next(rows), label, number) for _ in example.choices)))
    return items


def _choice_texts(examples: Sequence[MultipleChoiceExample]) -> tuple[list[str], list[str]]:
    pairs = [(f"{each.premise} {asked(each.question)}", choice) for each in examples for choice in each.choices]
    return [first for first, _ in pairs], [second for _, second in pairs]


def asked(question: str) -> str:
    """Return a question as the model reads it: COPA's one-word questions are written out, as in XTREME-R's scripts.

    >>> asked("cause")
    'What was the cause?'
    """
    return f"What was the {question}?" if question in ("cause", "effect") else question


def _window_items(
    encoder: Encoder, examples: Sequence[Example], max_length: int, language: str, doc_stride: int
) -> Iterator[TaskItem]:
    """Yield the windows of questions' contexts."""
    questions = [example for example in examples if isinstance(example, ExtractiveQAExample)]
    read = read_contexts(encoder, questions, max_length=max_length, doc_stride=doc_stride, language=language)
    for window in read.windows:
        positions = answer_positions(window, questions[window.example], read.places[window.example])
        yield TaskItem(window.tokens, positions, window.example, window.first)
