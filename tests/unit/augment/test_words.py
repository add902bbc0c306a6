from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crosslift.augment.words import WordCodec, relabelled, replaced
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED
from crosslift.errors import DataError
from tests.tiny import BUILDERS, LANGUAGE

Checkpoint = Callable[[str], Path]
SENTENCE = "The cat sleeps on the mat ."


@pytest.mark.parametrize("family", BUILDERS)
def test_words_are_found(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    language = LANGUAGE.get(family, ("en",))[0]
    tokens = encoder.tokenize_words([SENTENCE.split()], language=language)[0]
    spans = WordCodec(encoder).spans(tokens)
    assert [span.word for span in spans] == SENTENCE.split()
    assert {span.language for span in spans} == {language}
    assert not any(tokens.special[place] for span in spans for place in range(span.start, span.stop))


def test_punctuation_is_left_out(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    tokens = encoder.tokenize_words([["'the", "cat,", "isn't", "?"]], language="en")[0]
    spans = WordCodec(encoder).spans(tokens)
    assert [span.word for span in spans] == ["the", "cat", "isn't", "?"]
    around = [tokens.ids[spans[0].start - 1], tokens.ids[spans[1].stop]]
    assert encoder.tokenizer.convert_ids_to_tokens(around) == ["'", ","]


@pytest.mark.parametrize("family", BUILDERS)
def test_subwords_are_those_of_the_word_in_a_sentence(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    written = WordCodec(encoder)
    written.prepare(["mat", "red mat"])
    tokens = encoder.tokenize_words([["the", "red", "mat"]])[0]
    assert tokens.words is not None
    both = tuple(token for token, word in zip(tokens.ids, tokens.words, strict=True) if word in (1, 2))
    assert written.subwords("red") + written.subwords("mat") == written.subwords("red mat") == both


def test_a_word_the_tokenizer_cannot_write_has_no_subwords(encoder: Encoder) -> None:
    assert WordCodec(encoder).subwords("Baum") == ()
    assert WordCodec(encoder).subwords("großer Baum") == ()
    assert len(WordCodec(encoder).subwords("großer Apfel")) == 2


def test_both_texts_of_a_pair_have_their_words_and_languages(encoder: Encoder) -> None:
    first = encoder.tokenize_words([["the", "cat"]], language="en")[0]
    second = encoder.tokenize_words([["eine", "Katze"]], language="de")[0]
    spans = WordCodec(encoder).spans(encoder.join(first, second))
    assert [(span.word, span.language) for span in spans] == [
        ("the", "en"),
        ("cat", "en"),
        ("eine", "de"),
        ("Katze", "de"),
    ]


def test_tokens_without_words_are_refused(encoder: Encoder) -> None:
    with pytest.raises(DataError, match="without word indices"):
        WordCodec(encoder).spans(encoder.tokenize(["the cat"])[0])


def test_replaced_words_keep_their_place(encoder: Encoder) -> None:
    written = WordCodec(encoder)
    tokens = encoder.tokenize_words([["the", "apple", "sleeps"]], language="en")[0]
    assert tokens.words == (-1, 0, 1, 2, -1)
    longer = replaced(tokens, {(2, 3): written.subwords("großer Apfel"), (1, 2): written.subwords("die")})
    assert encoder.tokenizer.decode(longer.ids, skip_special_tokens=True) == "die großer Apfel sleeps"
    assert longer.words == (-1, 0, 1, 1, 2, -1)
    assert longer.special == (True, False, False, False, False, True)
    assert longer.language == "en"
    assert replaced(tokens, {}) == tokens


def test_labels_stay_with_their_words(encoder: Encoder) -> None:
    tokens = encoder.tokenize_words([["the", "apple", "sleeps"]])[0]
    longer = replaced(tokens, {(2, 3): WordCodec(encoder).subwords("großer Apfel")})
    labels = (IGNORED, 4, 5, 6, IGNORED)
    assert relabelled(labels, tokens, longer, ignored=IGNORED) == (IGNORED, 4, 5, IGNORED, 6, IGNORED)
    assert relabelled(labels, tokens, tokens, ignored=IGNORED) == labels
