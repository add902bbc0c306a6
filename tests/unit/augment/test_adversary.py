from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from crosslift.augment.adversary import Adversary, AdversarySettings, Words, find_words, first_order_gains, spliced
from crosslift.augment.candidates import Candidates
from crosslift.augment.code_switching import CodeSwitcher
from crosslift.augment.words import WordCodec
from crosslift.data.lexicon import Lexicon
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Inputs, Tokens, pad

ROWS = ("the dog eats the red apple", "The cat sleeps .", "eine Katze", "( . )")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tokenized(encoder: Encoder, texts: Sequence[str] = ROWS) -> list[Tokens]:
    return encoder.tokenize_words([text.split() for text in texts], language="en")


def texts_of(encoder: Encoder, inputs: Inputs) -> list[str]:
    return [encoder.tokenizer.decode(row, skip_special_tokens=True) for row in inputs.ids]


def made(encoder: Encoder, lexicon: Lexicon, limit: int = 8) -> Candidates:
    precision = dict.fromkeys(lexicon.languages, 1.0)
    return Candidates(lexicon, encoder, lexicon.words, limit=limit, precision=precision)


def found(encoder: Encoder, lexicon: Lexicon, rows: Sequence[Tokens], seed: int = 0) -> tuple[Inputs, Words]:
    return encoder.collate(rows), find_words(rows, WordCodec(encoder), lexicon, generator(seed))


def linear(weights: Tensor) -> Any:
    """A loss that is linear in the embeddings: the sum of each one's product with `weights`."""

    def loss(inputs: Inputs, embeddings: Tensor) -> Tensor:
        return (embeddings @ weights * inputs.mask).sum()

    return loss


def value(loss: Any, encoder: Encoder, inputs: Inputs) -> list[float]:
    with torch.no_grad():
        rows = [inputs.select(slice(row, row + 1)) for row in range(len(inputs))]
        return [loss(row, encoder.embed(row.ids)).item() for row in rows]


def view(
    encoder: Encoder, lexicon: Lexicon, *, seed: int = 0, limit: int = 8, loss: Any = None, **settings: Any
) -> tuple[Inputs, Inputs]:
    inputs, words = found(encoder, lexicon, tokenized(encoder), seed)
    adversary = Adversary(AdversarySettings(**settings), encoder, made(encoder, lexicon, limit))
    return inputs, adversary.view(inputs, words, loss or linear(weights(encoder)))


def weights(encoder: Encoder) -> Tensor:
    return torch.randn(encoder.hidden_size, generator=generator(5))


def test_words_of_the_lexicons_language_have_an_entry(encoder: Encoder, lexicon: Lexicon) -> None:
    german = encoder.tokenize_words([["the", "cat"]], language="de")
    _, words = found(encoder, lexicon, [*tokenized(encoder, ["The cat eats"]), *german])
    places = lexicon.places
    assert words.entries.tolist() == [[places["the"], places["cat"], -1], [-1, -1, -1]]
    assert words.real.tolist() == [[True] * 3, [True, True, False]]
    assert words.spans[0].tolist() == [[1, 2], [2, 3], [3, 4]]
    assert (words.draws > 0).all()
    assert (words.draws <= 1).all()


def test_a_share_of_nothing_changes_nothing(encoder: Encoder, lexicon: Lexicon) -> None:
    inputs, other = view(encoder, lexicon, replace_share=0.0)
    assert torch.equal(other.ids, inputs.ids)
    assert torch.equal(other.mask, inputs.mask)


def test_random_choice_of_all_words_from_one_candidate_is_code_switching(encoder: Encoder, lexicon: Lexicon) -> None:
    rows = [(word, lexicon.translations(word, "de")[0]) for word in lexicon.words_into("de")]
    single = Lexicon({"de": rows}, source="en")
    _, other = view(encoder, single, replace_share=1.0, choice="random", limit=1)
    switcher = CodeSwitcher(single, encoder)
    switched = [switcher.switch(tokens, generator(), word_ratio=1) for tokens in tokenized(encoder)]
    expected = encoder.collate(switched)
    assert torch.equal(other.ids, expected.ids)
    assert torch.equal(other.mask, expected.mask)
    assert torch.equal(other.special, expected.special)


@pytest.mark.parametrize("choice", ["worst", "random"])
@pytest.mark.parametrize("share", [0.15, 0.5])
def test_no_more_words_change_than_the_share_allows(
    encoder: Encoder, lexicon: Lexicon, choice: str, share: float
) -> None:
    single = Lexicon({"fr": lexicon.pairs("fr")}, source="en")
    for seed in range(5):
        inputs, other = view(encoder, single, seed=seed, replace_share=share, choice=choice)
        for before, after in zip(texts_of(encoder, inputs), texts_of(encoder, other), strict=True):
            words = zip(before.split(), after.split(), strict=True)
            allowed = -(-len(before.split()) * share // 1)
            assert sum(one != two for one, two in words) <= allowed


def test_first_order_gain_is_the_difference_of_a_linear_loss(encoder: Encoder, lexicon: Lexicon) -> None:
    inputs, words = found(encoder, lexicon, tokenized(encoder))
    subwords = made(encoder, lexicon)(words.entries, words.languages)
    loss = linear(weights(encoder))
    gains = first_order_gains(encoder, inputs, words.spans, subwords, loss)
    checked = 0
    for row, word, candidate in torch.nonzero((subwords >= 0).sum(-1) == 1).tolist():
        chosen = torch.full_like(subwords[:, :, 0], -1)
        chosen[row, word] = subwords[row, word, candidate]
        changed, _ = spliced(inputs, words.spans, chosen, encoder.pad_id)
        difference = value(loss, encoder, changed)[row] - value(loss, encoder, inputs)[row]
        assert gains[row, word, candidate].item() == pytest.approx(difference, abs=1e-4)
        checked += 1
    assert checked > 4


def test_the_worst_choice_is_the_worst_of_all(encoder: Encoder, lexicon: Lexicon) -> None:
    rows = tokenized(encoder, ["the dog eats the cat"])
    inputs, words = found(encoder, lexicon, rows)
    loss = linear(weights(encoder))
    adversary = Adversary(AdversarySettings(replace_share=0.2), encoder, made(encoder, lexicon))
    worst = value(loss, encoder, adversary.view(inputs, words, loss))[0]
    subwords = made(encoder, lexicon)(words.entries, words.languages)
    values = value(loss, encoder, inputs)
    for word, candidate in torch.nonzero((subwords[0] >= 0).any(-1)).tolist():
        chosen = torch.full_like(subwords[:, :, 0], -1)
        chosen[0, word] = subwords[0, word, candidate]
        values += value(loss, encoder, spliced(inputs, words.spans, chosen, encoder.pad_id)[0])
    assert worst == pytest.approx(max(values), abs=1e-4)


def test_the_loss_of_a_view_is_no_lower(encoder: Encoder, lexicon: Lexicon) -> None:
    loss = linear(weights(encoder))
    single = Lexicon({"fr": lexicon.pairs("fr")}, source="en")  # words of one piece, where first order is exact
    for seed in range(5):
        inputs, other = view(encoder, single, seed=seed, replace_share=1.0, loss=loss)
        pairs = zip(value(loss, encoder, inputs), value(loss, encoder, other), strict=True)
        assert all(after >= before - 1e-4 for before, after in pairs)


def test_a_view_unlike_the_original_is_not_taken(encoder: Encoder, lexicon: Lexicon) -> None:
    inputs, other = view(encoder, lexicon, replace_share=1.0, choice="random", min_similarity=1.0)
    assert torch.equal(other.ids, inputs.ids)
    inputs, other = view(encoder, lexicon, replace_share=1.0, choice="random", min_similarity=-1.0)
    assert not torch.equal(other.ids, inputs.ids)


def test_no_row_grows_beyond_the_encoder(encoder: Encoder, lexicon: Lexicon) -> None:
    german = Lexicon({"de": [("apple", "großer Apfel")]}, source="en")
    inputs, words = found(encoder, german, tokenized(encoder, ["apple " * (encoder.max_length - 5)]))
    settings = AdversarySettings(replace_share=1.0, choice="random")
    other = Adversary(settings, encoder, made(encoder, german)).view(inputs, words, linear(weights(encoder)))
    assert inputs.ids.shape[1] < other.ids.shape[1] == encoder.max_length


def test_labels_stay_with_their_words(encoder: Encoder) -> None:
    rows = encoder.tokenize_words([["the", "apple", "sleeps"], ["apple"]])
    inputs = encoder.collate(rows)
    inputs = Inputs(**{**vars(inputs), "targets": pad([(IGNORED, 4, 5, 6, IGNORED), (IGNORED, 7, IGNORED)], IGNORED)})
    spans = torch.tensor([[[1, 2], [2, 3], [3, 4]], [[1, 2], [0, 0], [0, 0]]])
    subwords = torch.full((2, 3, 2), -1)
    subwords[0, 1] = torch.tensor(WordCodec(encoder).subwords("großer Apfel"))
    subwords[1, 0] = subwords[0, 1]
    other, moved = spliced(inputs, spans, subwords, encoder.pad_id)
    assert texts_of(encoder, other) == ["the großer Apfel sleeps", "großer Apfel"]
    assert other.targets is not None
    assert other.targets.tolist() == [[IGNORED, 4, 5, IGNORED, 6, IGNORED], [IGNORED, 7] + [IGNORED] * 4]
    assert moved.tolist() == [[[1, 2], [2, 4], [4, 5]], [[1, 3], [0, 0], [0, 0]]]
    assert other.mask.tolist() == [[1] * 6, [1, 1, 1, 1, 0, 0]]
    assert other.special.tolist() == [[True] + [False] * 4 + [True], [True, False, False, True, True, True]]


def test_words_may_shrink(encoder: Encoder) -> None:
    inputs = encoder.collate(encoder.tokenize_words([["großer", "Apfel", "sleeps"]]))
    subwords = torch.full((1, 1, 1), encoder.tokenizer.convert_tokens_to_ids("apple"))
    other, moved = spliced(inputs, torch.tensor([[[1, 3]]]), subwords, encoder.pad_id)
    assert texts_of(encoder, other) == ["apple sleeps"]
    assert moved.tolist() == [[[1, 2]]]


@pytest.mark.parametrize("passes", [1, 2, None])
def test_words_chosen_together_are_those_chosen_one_by_one_for_a_linear_loss(
    encoder: Encoder, lexicon: Lexicon, passes: int | None
) -> None:
    single = Lexicon({"fr": lexicon.pairs("fr")}, source="en")  # words of one piece: gains do not change each other
    calls = 0

    def counted(inputs: Inputs, embeddings: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        loss: Tensor = linear(-weights(encoder))(inputs, embeddings)
        return loss

    rows = tokenized(encoder, ["the dog eats the cat sleeps cat dog"])
    inputs, words = found(encoder, single, rows)
    views = [
        Adversary(AdversarySettings(replace_share=0.5, passes=limit), encoder, made(encoder, single)).view(
            inputs, words, loss
        )
        for limit, loss in ((passes, counted), (None, linear(-weights(encoder))))
    ]
    assert torch.equal(views[0].ids, views[1].ids)
    assert not torch.equal(views[0].ids, inputs.ids)
    assert calls <= (passes or 4)


def test_words_chosen_together_share_the_room(encoder: Encoder) -> None:
    german = Lexicon({"de": [("apple", "großer Apfel")]}, source="en")
    inputs, words = found(encoder, german, tokenized(encoder, ["apple " * (encoder.max_length - 5)]))
    loss = linear(weights(encoder))
    views = [
        Adversary(AdversarySettings(replace_share=1.0, passes=1), encoder, made(encoder, german)).view(
            inputs, words, signed
        )
        for signed in (loss, lambda inputs, embeddings: -loss(inputs, embeddings))
    ]
    assert {view.ids.shape[1] for view in views} == {inputs.ids.shape[1], encoder.max_length}
