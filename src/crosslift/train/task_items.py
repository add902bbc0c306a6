"""Examples as token ids: the items of a task's stream, for training and for prediction.

Tagged sentences that are longer than the encoder allows are cut into pieces, so no word is lost, and long contexts of
questions into windows.  An example with choices is a row a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from crosslift.api.examples import (
    Example,
    ExtractiveQAExample,
    IntentSlotExample,
    MultipleChoiceExample,
    PairExample,
    SentenceExample,
    TaggingExample,
    TaskType,
)
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Tokens
from crosslift.errors import DataError, nearest
from crosslift.heads.input_settings import WHOLE, InputSettings, Subwords, Texts
from crosslift.heads.intent_slot import sentence_place
from crosslift.heads.prompt import Prompt
from crosslift.train.windows import DOC_STRIDE, answer_positions, read_contexts

Tokenize = Callable[[Sequence[str], Sequence[str] | None], list[Tokens]]
"""Texts, and the second ones of pairs, to tokens."""


@dataclass(frozen=True, slots=True)
class TaskItem:
    """A tokenised example, or a piece of one.

    `label` is the label's index (IGNORED where there is none), or for tagging one a token: the tag at the first piece
    of a word, or at all of them, and IGNORED elsewhere; in a joint task the first part has the intent at the sentence's
    own token; for a window of a context it is the positions of the answer's first and last token.  `example` is the
    index of the example; `first_word` that of the part's first word, or of the window's first token.
    """

    tokens: Tokens
    label: int | tuple[int, ...]
    example: int
    first_word: int = 0

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def rows(self) -> tuple[TaskItem, ...]:
        """What the model reads of it: itself."""
        return (self,)


@dataclass(frozen=True, slots=True)
class MultipleChoiceItem:
    """A tokenised example with choices: a row a choice, each with the example's number and the right choice's index."""

    rows: tuple[TaskItem, ...]

    def __len__(self) -> int:
        """Return how many tokens the rows take once they are padded."""
        return len(self.rows) * max(map(len, self.rows))

    @property
    def label(self) -> int | tuple[int, ...]:
        """The index of the right choice; IGNORED where none is known."""
        return self.rows[0].label

    @property
    def example(self) -> int:
        """The index of the example."""
        return self.rows[0].example


Item = TaskItem | MultipleChoiceItem


def default_length(task_type: TaskType) -> int:
    """Return how many tokens a row is cut to if nobody says: 384 for windows of a context, as in XTREME, else 128."""
    return 384 if task_type == "extractive_qa" else 128


def rows_of(items: Sequence[Item]) -> list[TaskItem]:
    """Return what the model reads, the rows of an item together."""
    return [row for item in items for row in item.rows]


def choices_of(items: Sequence[Item]) -> int:
    """Return how many rows each item has: its choices, or 1.

    Raises:
        DataError: they differ; a batch compares examples with equally many choices.
    """
    counts = [len(item.rows) for item in items]
    for item, count in zip(items, counts, strict=True):
        if count != counts[0]:
            raise DataError(
                f"example number {item.example} has {count} choices and example number {items[0].example} has "
                f"{counts[0]}; to be trained on, all examples need equally many"
            )
    return counts[0]


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
    """Tokenise the examples of one language; with `words`, tokens know which blank-separated word they belong to.

    With a `prompt` the texts stand inside it, and always know their words; so do windows of contexts, which begin
    `doc_stride` tokens apart.  `input_settings` says what of an example is read, and which subwords of a word have its
    tag.  `scored` says that nothing is learned from the examples: those of a joint task may then have labels that the
    training data lacks, which become IGNORED.

    Raises:
        DataError: a label the task does not have, or an answer that does not stand where it says.
    """
    if task_type in ("tagging", "intent_slot"):
        index = _Labels(labels, open=scored and task_type == "intent_slot")
        return list(_tagging_items(encoder, examples, index, max_length, language, input_settings.subwords))
    if task_type == "extractive_qa":
        return list(_span_items(encoder, examples, max_length, language, doc_stride))
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
    """Return items of pairs whose texts are tokenised already, and whole; equals tokenising them as pairs.

    Raises:
        DataError: a label the task does not have.
    """
    joined = [encoder.join(first, second, max_length=max_length) for first, second in pairs]
    return _labelled(joined, examples, labels)


def _labelled(rows: Sequence[Tokens], examples: Sequence[Example], labels: Sequence[str]) -> list[TaskItem]:
    index = _Labels(labels)
    return [
        TaskItem(row, _label(example, getattr(example, "label", None), index), number)
        for number, (row, example) in enumerate(zip(rows, examples, strict=True))
    ]


def _by_texts(
    encoder: Encoder, firsts: Sequence[str], seconds: Sequence[str] | None, *, max_length: int, language: str
) -> list[Tokens]:
    return encoder.tokenize(firsts, seconds, max_length=max_length, language=language)


def _by_words(
    encoder: Encoder, firsts: Sequence[str], seconds: Sequence[str] | None, *, max_length: int, language: str
) -> list[Tokens]:
    """Tokenise word by word; a pair is joined, and cut, afterwards."""

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
    """Return "premise question" and a choice as a pair of texts, or the choice alone, a row a choice."""
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
    """Return a question as the model reads it: COPA's two are one word each, and XTREME-R's scripts write them out.

    >>> asked("cause")
    'What was the cause?'
    """
    return f"What was the {question}?" if question in ("cause", "effect") else question


class _Labels(dict[str, int]):
    """Index of each label.  Where they are `open`, examples may have others, which nothing can predict."""

    def __init__(self, labels: Sequence[str], *, open: bool = False) -> None:  # noqa: A002 - the word for it
        super().__init__({label: number for number, label in enumerate(labels)})
        self.open = open


def _label(example: Example, label: str | None, index: _Labels) -> int:
    if label is None or (index.open and label not in index):
        return IGNORED
    if label not in index:
        raise DataError(
            f"example {example.id}: unknown label '{label}'{nearest(label, index)} (labels: {', '.join(index)})"
        )
    return index[label]


def _span_items(
    encoder: Encoder, examples: Sequence[Example], max_length: int, language: str, doc_stride: int
) -> Iterator[TaskItem]:
    """Yield the windows of questions' contexts."""
    questions = [example for example in examples if isinstance(example, ExtractiveQAExample)]
    read = read_contexts(encoder, questions, max_length=max_length, doc_stride=doc_stride, language=language)
    for window in read.windows:
        positions = answer_positions(window, questions[window.example], read.places[window.example])
        yield TaskItem(window.tokens, positions, window.example, window.first)


def _tagging_items(
    encoder: Encoder, examples: Sequence[Example], index: _Labels, max_length: int, language: str, subwords: Subwords
) -> Iterator[TaskItem]:
    sentences = [example for example in examples if isinstance(example, TaggingExample | IntentSlotExample)]
    pending = [(number, 0) for number in range(len(sentences))]  # (sentence, first word not yet covered)
    while pending:
        rows = encoder.tokenize_words(
            [sentences[number].words[start:] for number, start in pending],
            max_length=max_length,
            language=language,
        )
        rest = []
        for (number, start), tokens in zip(pending, rows, strict=True):
            sentence = sentences[number]
            fitted = _fitted(tokens, len(sentence.words) - start, max_length)
            yield TaskItem(tokens, _tags(sentence, tokens, start, fitted, index, subwords), number, start)
            if start + fitted < len(sentence.words):
                rest.append((number, start + fitted))
        pending = rest


def _fitted(tokens: Tokens, words: int, max_length: int) -> int:
    """Return how many words are covered; a word cut at the end is left to the next piece."""
    assert tokens.words is not None
    seen = max(tokens.words, default=-1) + 1
    if seen >= words or len(tokens) < max_length:
        return words
    # The last word may have lost pieces to the cut, unless it is all there is: then its first piece must do.
    return max(1, seen - 1)


def _tags(
    sentence: TaggingExample | IntentSlotExample,
    tokens: Tokens,
    start: int,
    fitted: int,
    index: _Labels,
    subwords: Subwords,
) -> tuple[int, ...]:
    assert tokens.words is not None
    tags, previous = [], -1
    for word in tokens.words:
        tagged = 0 <= word < fitted and (subwords == "all" or word != previous)
        tag = sentence.tags[start + word] if tagged and sentence.tags else None
        tags.append(_label(sentence, tag, index))
        previous = word
    if isinstance(sentence, IntentSlotExample):
        place = sentence_place(tokens.special)
        tags[place] = _label(sentence, None if start else sentence.intent, index)
    return tuple(tags)
