"""Items of tagged sentences; a sentence longer than an input is split into parts, so that no word is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crosslift.api.examples import Example, IntentSlotExample, TaggingExample
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.heads.input_settings import Subwords
from crosslift.heads.intent_slot import sentence_place
from crosslift.train.label_index import LabelIndex
from crosslift.train.task_items import TaskItem

Sentence = TaggingExample | IntentSlotExample


def tagged_items(
    encoder: Encoder,
    examples: Sequence[Example],
    index: LabelIndex,
    *,
    max_length: int,
    language: str,
    subwords: Subwords,
) -> Iterator[TaskItem]:
    """Yield the parts of tagged sentences: the first parts of all, then the second parts, and so on.

    Args:
        encoder: has the tokenizer.
        examples: of one language; those of other task types are left out.
        index: of tags, and of intents.
        max_length: tokens of a part, at most.
        language: language of the sentences.
        subwords: the subwords of a word that have its tag.

    Raises:
        DataError: an unknown label.
        CheckpointError: the tokenizer adds no special token, where an intent needs one.
    """
    sentences = [example for example in examples if isinstance(example, Sentence)]
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
    """Return the number of words that a part covers; a word truncated at the end is left to the next part."""
    assert tokens.words is not None
    seen = max(tokens.words, default=-1) + 1
    if seen >= words or len(tokens) < max_length:
        return words
    # The last word may have lost subwords, unless it is the only one: then its first subwords must do.
    return max(1, seen - 1)


def _tags(
    sentence: Sentence, tokens: Tokens, start: int, fitted: int, index: LabelIndex, subwords: Subwords
) -> tuple[int, ...]:
    assert tokens.words is not None
    tags, previous = [], -1
    for word in tokens.words:
        tagged = 0 <= word < fitted and (subwords == "all" or word != previous)
        tag = sentence.tags[start + word] if tagged and sentence.tags else None
        tags.append(index.of(sentence, tag))
        previous = word
    if isinstance(sentence, IntentSlotExample):
        place = sentence_place(tokens.special)
        tags[place] = index.of(sentence, None if start else sentence.intent)
    return tuple(tags)
