from __future__ import annotations

from collections import Counter

import pytest
import torch

from crosslift.augment.code_switching import CodeSwitcher
from crosslift.data.lexicon import Lexicon
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def only(lexicon: Lexicon, language: str) -> Lexicon:
    return Lexicon({language: lexicon.pairs(language)}, source=lexicon.source)


def tokens_of(encoder: Encoder, text: str, language: str | None = "en") -> Tokens:
    return encoder.tokenize_words([text.split()], language=language)[0]


def text_of(encoder: Encoder, tokens: Tokens) -> str:
    return str(encoder.tokenizer.decode(tokens.ids, skip_special_tokens=True))


def test_every_word_with_a_translation_is_switched_at_ratio_one(encoder: Encoder, lexicon: Lexicon) -> None:
    switcher = CodeSwitcher(only(lexicon, "fr"), encoder)
    switched = switcher.switch(tokens_of(encoder, "a cat ( sleeps ) ."), generator(), word_ratio=1)
    assert text_of(encoder, switched) == "a chat ( dort ) ."


@pytest.mark.parametrize("ratios", [{"sentence_ratio": 0.0}, {"word_ratio": 0.0}])
def test_ratio_zero_changes_nothing(encoder: Encoder, lexicon: Lexicon, ratios: dict[str, float]) -> None:
    tokens = tokens_of(encoder, "the cat sleeps")
    assert CodeSwitcher(lexicon, encoder).switch(tokens, generator(), **ratios) is tokens


def test_other_languages_stay_as_they_are(encoder: Encoder, lexicon: Lexicon) -> None:
    switcher = CodeSwitcher(lexicon, encoder)
    tokens = tokens_of(encoder, "the cat sleeps", language="de")
    assert switcher.switch(tokens, generator(), word_ratio=1) == tokens
    unknown = tokens_of(encoder, "the cat sleeps", language=None)
    assert switcher.switch(unknown, generator(), word_ratio=1) != unknown


def test_languages_and_translations_are_drawn_uniformly(encoder: Encoder, lexicon: Lexicon) -> None:
    switcher, tokens, chance = CodeSwitcher(lexicon, encoder), tokens_of(encoder, "cat"), generator()
    found = Counter(text_of(encoder, switcher.switch(tokens, chance, word_ratio=1)) for _ in range(4000))
    assert found.keys() == {"Katze", "Kater", "chat"}
    assert [found[word] / 4000 for word in ("chat", "Katze", "Kater")] == pytest.approx([0.5, 0.25, 0.25], abs=0.03)


def test_a_language_that_lacks_the_word_leaves_it(encoder: Encoder, lexicon: Lexicon) -> None:
    switcher, tokens, chance = CodeSwitcher(lexicon, encoder), tokens_of(encoder, "sleeps"), generator()
    found = Counter(text_of(encoder, switcher.switch(tokens, chance, word_ratio=1)) for _ in range(2000))
    assert found["sleeps"] / 2000 == pytest.approx(0.5, abs=0.04)


def test_ratios_are_shares(encoder: Encoder, lexicon: Lexicon) -> None:
    switcher, chance = CodeSwitcher(only(lexicon, "de"), encoder), generator()
    tokens = tokens_of(encoder, "the cat the dog")
    before = text_of(encoder, tokens).split()
    sentences, words = 0, 0
    for _ in range(2000):
        after = text_of(encoder, switcher.switch(tokens, chance, sentence_ratio=0.5, word_ratio=0.6)).split()
        changed = sum(one != other for one, other in zip(before, after, strict=True))
        sentences, words = sentences + (changed > 0), words + changed
    assert words / (2000 * 4) == pytest.approx(0.5 * 0.6, abs=0.02)
    assert sentences / 2000 == pytest.approx(0.5 * (1 - 0.4**4), abs=0.03)


def test_a_higher_ratio_switches_the_same_words_and_more(encoder: Encoder, lexicon: Lexicon) -> None:
    switcher, tokens = CodeSwitcher(only(lexicon, "de"), encoder), tokens_of(encoder, "the cat the dog the cat")
    low, high = (text_of(encoder, switcher.switch(tokens, generator(3), word_ratio=r)).split() for r in (0.3, 0.8))
    kept = text_of(encoder, tokens).split()
    assert all(two == one for one, two, word in zip(low, high, kept, strict=True) if one != word)
    assert sum(one != word for one, word in zip(low, kept, strict=True)) < sum(
        two != word for two, word in zip(high, kept, strict=True)
    )


def test_chance_is_the_generators(encoder: Encoder, lexicon: Lexicon) -> None:
    switcher, tokens = CodeSwitcher(lexicon, encoder), tokens_of(encoder, "the cat the dog the cat the dog")
    views = [text_of(encoder, switcher.switch(tokens, generator(seed))) for seed in (1, 1, 2)]
    assert views[0] == views[1] != views[2]


def test_no_row_grows_beyond_the_encoder(encoder: Encoder, lexicon: Lexicon) -> None:
    tokens = tokens_of(encoder, "apple " * (encoder.max_length - 5))
    switched = CodeSwitcher(only(lexicon, "de"), encoder).switch(tokens, generator(), word_ratio=1)
    assert len(tokens) < len(switched) == encoder.max_length


@pytest.mark.parametrize("code", ["eng_Latn", "en-US", "EN"])
def test_other_codes_of_the_language_are_the_language(encoder: Encoder, lexicon: Lexicon, code: str) -> None:
    switcher = CodeSwitcher(lexicon, encoder)
    known, other = (tokens_of(encoder, "the cat sleeps", language=each) for each in ("en", code))
    switched = [switcher.switch(tokens, generator(), word_ratio=1).ids for tokens in (known, other)]
    assert switched[0] == switched[1] != known.ids
