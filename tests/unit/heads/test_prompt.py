"""Prompts equal tokenizing the whole sentence, and the template's words are special tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crosslift.encoder.encoder import Encoder
from crosslift.errors import DataError, RecipeError
from crosslift.heads.prompt import Prompt
from tests.tiny import TEXTS

Checkpoint = Callable[[str], Path]
PAIR = Prompt("premise: {first} hypothesis: {second} Is it so?", "pair")
REVERSED = Prompt("hypothesis: {second} premise: {first}", "pair")
SENTENCE = Prompt("What is in\n{text} ?", "sentence")
PAIRS = list(zip(TEXTS, reversed(TEXTS), strict=True))


@pytest.mark.parametrize("prompt", [PAIR, REVERSED, SENTENCE])
@pytest.mark.parametrize("family", ["t5", "mt5", "xlm-roberta"])
def test_equals_tokenizing_the_whole_sentence(checkpoint: Checkpoint, family: str, prompt: Prompt) -> None:
    encoder = Encoder.load(checkpoint(family))
    examples = PAIRS if prompt.task_type == "pair" else [(text,) for text in TEXTS]
    encoder.tokenizer.model_max_length = 512
    encoder.model.config.max_position_embeddings = 512
    places = [place.strip("{}") for place in prompt.places]
    whole = [prompt.template.format(**dict(zip(places, texts, strict=True))) for texts in examples]
    rows = prompt.tokens(encoder, examples, max_length=512, language=None)
    assert [row.ids for row in rows] == [tuple(encoder.tokenizer(text)["input_ids"]) for text in whole]


def test_only_the_texts_are_words(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("t5"))
    encoder.tokenizer.model_max_length = 512
    for row, texts in zip(PAIR.tokens(encoder, PAIRS, max_length=512, language="en"), PAIRS, strict=True):
        assert row.words is not None
        assert [word < 0 for word in row.words] == list(row.special)
        for segment, text in enumerate(texts):
            (plain,) = encoder.tokenize_words([text.split()])
            assert plain.words is not None
            own = [place for place in range(len(row)) if row.words[place] >= 0 and row.segments[place] == segment]
            assert [row.ids[place] for place in own] == list(plain.ids[:-1])
            assert [row.words[place] for place in own] == list(plain.words[:-1])


def test_the_longest_text_is_truncated_and_the_template_never(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("t5"))
    texts = ("a e i o u a e i o u", "a e")
    (whole,) = PAIR.tokens(encoder, [texts], max_length=64, language=None)
    (cut,) = PAIR.tokens(encoder, [texts], max_length=len(whole) - 4, language=None)
    own = [[token for token, special in zip(row.ids, row.special, strict=True) if special] for row in (whole, cut)]
    assert own[0] == own[1]
    lost = [
        sum(not special and part == segment for special, part in zip(row.special, row.segments, strict=True))
        for segment in (0, 1)
        for row in (whole, cut)
    ]
    assert (lost[0] - lost[1], lost[2] - lost[3]) == (4, 0)


def test_too_little_room_and_too_few_texts_are_errors(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("t5"))
    with pytest.raises(RecipeError, match=r"max_length: 10 leaves no room .* alone takes \d+ tokens"):
        PAIR.tokens(encoder, PAIRS, max_length=10, language=None)
    with pytest.raises(DataError, match=r"takes 2 text\(s\), found an example with 1"):
        PAIR.tokens(encoder, [("a",)], max_length=64, language=None)


def test_other_task_types_have_no_prompt() -> None:
    with pytest.raises(RecipeError, match=r"a 'tagging' task cannot .* \(task types: sentence, pair\)"):
        Prompt("{text}", "tagging")
