"""Windows over contexts: their tokens, the positions of answers, and the offsets of tokens in the text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import transformers

from crosslift.api.examples import Answer, ExtractiveQAExample
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED
from crosslift.encoder.offsets import by_subwords, locate
from crosslift.encoder.tokenization import Tokenization
from crosslift.errors import DataError, RecipeError
from crosslift.train.task_items import rows_of
from crosslift.train.tokenized_tasks import task_items
from crosslift.train.windows import NOWHERE, QUESTION_LENGTH, read_contexts
from tests.tiny import BUILDERS, LANGUAGE, TEXTS

Checkpoint = Callable[[str], Path]
CONTEXT = "  ".join(TEXTS[:6])
QUESTION = "Wo schläft die Katze?"


def example(answer: str, *, context: str = CONTEXT, question: str = QUESTION) -> ExtractiveQAExample:
    return ExtractiveQAExample("x", question, context, (Answer(answer, context.index(answer)),))


def code_of(family: str) -> str:
    return LANGUAGE.get(family, ("en",))[0]


@pytest.mark.parametrize("family", BUILDERS)
def test_offsets_are_those_of_the_text_without_spaces(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    (found,) = locate(encoder, [CONTEXT], language=code_of(family))
    pieces = [CONTEXT[start:stop] for start, stop in found.places]
    assert all(piece == piece.strip() for piece in pieces)
    assert found.tokens.words is not None
    by_word: dict[int, list[str]] = {}
    for word, piece in zip(found.tokens.words, pieces, strict=True):
        by_word.setdefault(word, []).append(piece)
    whole = {"".join(dict.fromkeys(parts)) for parts in by_word.values()}
    assert {"Katze", "Matte."} <= whole or {"K", "Katze"} & whole
    assert [*by_word] == list(range(len(CONTEXT.split())))
    alone = encoder.tokenize([CONTEXT], max_length=1000, language=code_of(family))[0]
    kept = [token for token, special in zip(alone.ids, alone.special, strict=True) if not special]
    assert kept == list(found.tokens.ids[: len(kept)])


@pytest.mark.parametrize("answer", ["Katze", "roten Matte", "liest im Garten ein Buch.", "T", "rouge."])
@pytest.mark.parametrize("family", BUILDERS)
def test_an_answer_is_found_again_in_every_window_that_has_all_of_it(
    checkpoint: Checkpoint, family: str, answer: str
) -> None:
    encoder = Encoder.load(checkpoint(family))
    asked = example(answer)
    settings = {"max_length": 48, "doc_stride": 10, "language": code_of(family)}
    read = read_contexts(encoder, [asked], **settings)
    items = rows_of(task_items(encoder, [asked], "extractive_qa", (), **settings))
    assert [item.tokens for item in items] == [window.tokens for window in read.windows]
    places, (begin,) = read.places[0], {asked.answers[0].start}
    covering = [i for i, (start, stop) in enumerate(places) if start < begin + len(answer) and stop > begin]
    seen = 0
    for window, item in zip(read.windows, items, strict=True):
        inside = window.first <= covering[0] and covering[-1] < window.first + window.count
        assert (item.label != NOWHERE) == inside
        if inside:
            seen += 1
            assert isinstance(item.label, tuple)
            first, last = (position - window.begin + window.first for position in item.label)
            found = CONTEXT[places[first][0] : places[last][1]]
            assert answer in found
            assert len(found) < len(answer) + 12  # no more than the rest of its first and its last token
    assert seen


@pytest.mark.parametrize("family", BUILDERS)
def test_a_context_that_fits_is_one_window_and_equals_the_tokenized_pair(checkpoint: Checkpoint, family: str) -> None:
    encoder, language = Encoder.load(checkpoint(family)), code_of(family)
    asked = example("cat", context=TEXTS[0], question="a red mat?")
    (window,) = read_contexts(encoder, [asked], max_length=384, doc_stride=128, language=language).windows
    (pair,) = encoder.tokenize([asked.question], [asked.context], language=language)
    assert window.tokens.ids == pair.ids
    assert window.tokens.segments == pair.segments
    assert window.tokens.special == pair.special


def test_windows_start_a_stride_apart_cover_the_context_and_keep_the_question(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    read = read_contexts(encoder, [example("Katze")], max_length=40, doc_stride=7, language="en")
    total = len(read.places[0])
    firsts = [window.first for window in read.windows]
    assert firsts == list(range(0, 7 * len(firsts), 7))
    assert all(len(window.tokens) == 40 for window in read.windows[:-1])
    assert read.windows[-1].first + read.windows[-1].count == total
    assert read.windows[-2].first + read.windows[-2].count < total
    (question,) = encoder.tokenize([QUESTION])
    whole = locate(encoder, [CONTEXT])[0].tokens.ids
    for window in read.windows:
        assert window.tokens.ids[: len(question)] == question.ids
        assert (
            window.tokens.ids[window.begin : window.begin + window.count]
            == whole[window.first : window.first + window.count]
        )
    apart = read_contexts(encoder, [example("Katze")], max_length=40, doc_stride=128, language="en").windows
    assert [window.first for window in apart][1] == apart[0].count  # never further than a window is long


def test_a_long_question_is_truncated_and_leaves_room(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    asked = example("cat", question="cat " * 300)
    (window, *_) = read_contexts(encoder, [asked], max_length=64, doc_stride=128, language="en").windows
    assert window.begin <= 1 + QUESTION_LENGTH + 1
    assert window.count >= 30
    with pytest.raises(RecipeError, match=r"max_length: 4 leaves no room .* 3 special tokens .* at least 5"):
        read_contexts(encoder, [asked], max_length=4, doc_stride=128, language="en")


def test_a_missing_answer_is_ignored_and_a_wrong_place_is_an_error(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    settings = {"max_length": 64, "language": "en"}
    (item, *_) = rows_of(
        task_items(encoder, [ExtractiveQAExample("x", "Who?", TEXTS[0])], "extractive_qa", (), **settings)
    )
    assert item.label == (IGNORED, IGNORED)
    wrong = ExtractiveQAExample("q7", "Who?", TEXTS[0], (Answer("cat", 3),))
    with pytest.raises(
        DataError, match=r"example q7: expected the answer 'cat' at character 3 of the context, found ' ca'"
    ):
        task_items(encoder, [wrong], "extractive_qa", (), **settings)
    with pytest.raises(DataError, match="has no token that could be an answer"):
        task_items(encoder, [ExtractiveQAExample("x", "Who?", " ")], "extractive_qa", (), **settings)


def test_question_and_context_may_have_different_languages(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("xlm"))
    (window, *_) = read_contexts(encoder, [example("cat")], max_length=60, doc_stride=20, language="en-de").windows
    assert (window.tokens.language, window.tokens.second_language) == ("de", "en")
    inputs = encoder.collate([window.tokens])
    assert inputs.languages is not None
    assert inputs.languages[0, window.begin] == 1  # English, where the context begins
    assert inputs.languages[0, 1] == 0


def test_places_without_offsets_are_those_of_the_subwords(tmp_path: Path) -> None:
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(c for c in "aehtm."), *(f"##{c}" for c in "aehtm")]
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary))
    slow = transformers.models.bert.tokenization_bert_legacy.BertTokenizerLegacy(str(tmp_path / "vocab.txt"))
    text = "the  mat. zoo"
    ((ids, places),) = by_subwords(Tokenization(slow), [text], None)
    assert slow.convert_ids_to_tokens(ids) == ["t", "##h", "##e", "m", "##a", "##t", ".", "[UNK]"]
    assert [text[start:stop] for start, stop in places] == [*"themat.", "zoo"]
    assert np.all(np.diff([start for start, _ in places]) > 0)
