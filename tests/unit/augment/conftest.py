from __future__ import annotations

import pytest

from crosslift.data.lexicon import Lexicon
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.scratch.tokenizer import word_tokenizer

SENTENCES = ("The cat sleeps .", "the dog eats the red apple", "eine Katze schläft", "a cat ( the dog ) .")
TRANSLATIONS = {
    "de": [("cat", "Katze"), ("cat", "Kater"), ("dog", "Hund"), ("the", "die"), ("apple", "großer Apfel")],
    "fr": [("cat", "chat"), ("dog", "chien"), ("dog", "cabot"), ("sleeps", "dort")],
}


@pytest.fixture
def lexicon() -> Lexicon:
    return Lexicon(TRANSLATIONS, source="en")


@pytest.fixture
def encoder() -> Encoder:
    """Whole words are tokens here, so what is said of words can be read off the ids."""
    words = [*SENTENCES, *(f"{word} {other}" for rows in TRANSLATIONS.values() for word, other in rows)]
    tokenizer = word_tokenizer(words, 100, max_length=32)
    return Encoder.scratch("lab", tokenizer, seed=0).eval()
