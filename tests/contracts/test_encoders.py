"""The contract of a family of encoders: all tiny checkpoints go through the same tests."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs
from crosslift.errors import CheckpointError, RecipeError
from crosslift.heads.task_model import TaskModel
from tests import tiny

Checkpoint = Callable[[str], Path]
FIRSTS = ["The cat sleeps on the mat.", "A man reads", "Un chat lit un livre dans le jardin rouge."]
SECONDS = ["Die Katze liest.", "Ein Mann schläft auf der roten Matte im Garten", "Kot."]
WORDS = [["The", "cat", "reads", ",", "isn't", "it", "?"], ["Ein", "Buch"]]
OUTPUTS = {"sentence": 3, "pair": 3, "tagging": 3, "extractive_qa": 2, "multiple_choice": None}
"""Number of outputs by task type; None for one score per choice."""


@pytest.fixture(params=tiny.BUILDERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def loaded(checkpoint: Checkpoint) -> Callable[[str], Encoder]:
    return cache(lambda name: Encoder.load(checkpoint(name)))


@pytest.fixture
def encoder(name: str, loaded: Callable[[str], Encoder]) -> Encoder:
    return loaded(name)


def language(name: str, place: int = 0) -> str | None:
    return tiny.LANGUAGE[name][place] if name in tiny.LANGUAGE else None


def inputs_of(encoder: Encoder, name: str, *, pairs: bool = False) -> Inputs:
    return encoder.collate(encoder.tokenize(FIRSTS, SECONDS if pairs else None, language=language(name)))


def padded(inputs: Inputs, pad_id: int, more: int) -> Inputs:
    """Return `inputs` with `more` columns of padding."""

    def widen(tensor: Tensor | None, value: int | bool) -> Tensor | None:
        return None if tensor is None else torch.nn.functional.pad(tensor, (0, more), value=value)

    ids, mask, special = widen(inputs.ids, pad_id), widen(inputs.mask, 0), widen(inputs.special, True)
    assert ids is not None
    assert mask is not None
    assert special is not None
    return Inputs(ids, mask, special, widen(inputs.segments, 0), widen(inputs.languages, 0))


def own_forward(encoder: Encoder, inputs: Inputs, **options: Any) -> Any:
    """Call the model as its own documentation says, from token ids."""
    arguments = {"input_ids": inputs.ids, "attention_mask": inputs.mask}
    if inputs.segments is not None:
        arguments["token_type_ids"] = inputs.segments
    if inputs.languages is not None:
        arguments["langs"] = inputs.languages
    return encoder.model(**arguments, **options)


def test_facts(encoder: Encoder, name: str) -> None:
    assert encoder.hidden_size == 32
    assert encoder.layers == 3
    assert encoder.vocabulary_size >= len(encoder.tokenizer)
    assert encoder.pad_id in encoder.special_ids
    assert encoder.device.type == "cpu"
    assert encoder.has_masked_language_model == (name in tiny.WITH_MASKED_HEAD)
    assert (encoder.languages is None) == (not hasattr(encoder.model.config, "lang2id"))
    assert all(parameter.dtype == torch.float32 for parameter in encoder.parameters())


def test_the_longest_input_is_the_longest_that_the_model_takes(encoder: Encoder, name: str) -> None:
    unlimited = Encoder(encoder.model, copy.deepcopy(encoder.tokenizer))
    unlimited.tokenizer.model_max_length = 10_000
    tokens = unlimited.tokenize_whole([" ".join(["cat"] * 600)], language=language(name))[0]
    ids = torch.tensor([tokens.ids])
    inputs = encoder.collate(unlimited.tokenize([" ".join(["cat"] * 600)], language=language(name)))
    assert inputs.ids.shape[1] == unlimited.max_length >= encoder.max_length
    assert torch.isfinite(encoder.encode(inputs)).all()
    if any("position_embeddings" in key for key in encoder.state()):
        with pytest.raises((IndexError, RuntimeError)):
            encoder.model(input_ids=ids[:, : unlimited.max_length + 1])


def test_tokens_are_the_tokenizers_own(encoder: Encoder, name: str) -> None:
    for tokens, text in zip(encoder.tokenize(FIRSTS, language=language(name)), FIRSTS, strict=True):
        assert list(tokens.ids) == encoder.tokenizer(text)["input_ids"]
        assert set(tokens.segments) == {0}
        assert len(tokens.ids) == len(tokens.special)
        assert tokens.language == language(name)


@pytest.mark.parametrize("max_length", [None, 16, 15, 9])
def test_pair_form_is_the_tokenizers_own(encoder: Encoder, name: str, max_length: int | None) -> None:
    pairs = encoder.tokenize(FIRSTS, SECONDS, language=language(name), max_length=max_length)
    for tokens, first, second in zip(pairs, FIRSTS, SECONDS, strict=True):
        own = encoder.tokenizer(
            first,
            second,
            truncation=max_length is not None,
            max_length=max_length,
            return_special_tokens_mask=True,
            return_token_type_ids=True,
        )
        assert list(tokens.ids) == own["input_ids"]
        assert list(tokens.special) == [bool(flag) for flag in own["special_tokens_mask"]]
        if any(own["token_type_ids"]):
            assert list(tokens.segments) == own["token_type_ids"]
        assert set(tokens.segments) == {0, 1}


@pytest.mark.parametrize("max_length", [None, 16, 15, 9])
def test_join_equals_tokenizing_the_pair(encoder: Encoder, name: str, max_length: int | None) -> None:
    firsts = encoder.tokenize(FIRSTS, language=language(name))
    seconds = encoder.tokenize(SECONDS, language=language(name))
    pairs = encoder.tokenize(FIRSTS, SECONDS, language=language(name), max_length=max_length)
    for first, second, pair in zip(firsts, seconds, pairs, strict=True):
        joined = encoder.join(first, second, max_length=max_length)
        assert (joined.ids, joined.special, joined.segments) == (pair.ids, pair.special, pair.segments)


def test_words_have_the_tokens_of_the_text(encoder: Encoder, name: str) -> None:
    sentence = ["The", "cat", "reads", "a", "book"]
    whole = encoder.tokenize([" ".join(sentence)], language=language(name))[0]
    tokens = encoder.tokenize_words([sentence], language=language(name))[0]
    assert tokens.ids == whole.ids
    assert tokens.words is not None
    assert [word == -1 for word in tokens.words] == list(tokens.special)
    assert sorted(set(tokens.words)) == [-1, 0, 1, 2, 3, 4]


def test_every_word_has_a_token_and_nothing_is_cut_unasked(encoder: Encoder, name: str) -> None:
    long = ["cat", "\n", *["mat"] * 100]
    uncut, cut = (
        encoder.tokenize_words([long], language=language(name), max_length=length)[0] for length in (None, 10)
    )
    assert len(uncut) > encoder.max_length
    assert uncut.words_fitted == len(long)
    assert set(range(len(long))) <= set(uncut.words or ())
    assert len(cut) == 10
    assert 1 < cut.words_fitted < 10
    assert [place for place, flag in enumerate(cut.special) if flag] == [
        place
        for place, flag in enumerate(
            encoder.tokenize_words([["cat"] * 50], max_length=10, language=language(name))[0].special
        )
        if flag
    ]


def test_collate(encoder: Encoder, name: str) -> None:
    tokens = encoder.tokenize(FIRSTS, SECONDS, language=language(name))
    inputs = encoder.collate(tokens)
    assert inputs.lengths.tolist() == [len(row) for row in tokens]
    for row, place in zip(tokens, range(len(tokens)), strict=True):
        assert inputs.ids[place].tolist()[: len(row)] == list(row.ids)
        assert inputs.special[place].tolist() == [*row.special, *[True] * (inputs.ids.shape[1] - len(row))]
    padding = inputs.mask == 0
    assert set(inputs.ids[padding].tolist()) == {encoder.pad_id}
    token_types = [len(weight) for key, weight in encoder.state().items() if "token_type_embeddings" in key]
    assert (inputs.segments is not None) == (max(token_types, default=0) > 1)


def test_states_are_the_models_own(encoder: Encoder, name: str) -> None:
    inputs = inputs_of(encoder, name, pairs=True)
    real = inputs.mask.bool()
    with torch.no_grad():
        own = own_forward(encoder, inputs, output_hidden_states=True).hidden_states
        states = encoder.hidden_states(inputs)
        last = encoder.encode(inputs)
    assert len(own) == len(states) == encoder.layers + 1
    for ours, theirs in zip(states, own, strict=True):
        torch.testing.assert_close(ours[real], theirs[real], atol=1e-5, rtol=1e-5)
    assert torch.equal(last, states[-1])


def test_training_gives_all_states_too(encoder: Encoder, name: str) -> None:
    training = copy.deepcopy(encoder).train()
    assert len(training.hidden_states(inputs_of(encoder, name))) == encoder.layers + 1


def test_states_from_embeddings_are_those_from_ids(encoder: Encoder, name: str) -> None:
    inputs = inputs_of(encoder, name)
    with torch.no_grad():
        for ours, theirs in zip(
            encoder.hidden_states(inputs, encoder.embed(inputs.ids)), encoder.hidden_states(inputs), strict=True
        ):
            assert torch.equal(ours, theirs)


def test_padding_changes_nothing(encoder: Encoder, name: str) -> None:
    inputs = inputs_of(encoder, name)
    length = inputs.ids.shape[1]
    real = inputs.mask.bool()
    with torch.no_grad():
        alone = encoder.encode(inputs)[real]
        among = encoder.encode(padded(inputs, encoder.pad_id, 20))[:, :length][real]
    torch.testing.assert_close(alone, among, atol=1e-5, rtol=1e-5)


def test_rows_do_not_see_each_other(encoder: Encoder, name: str) -> None:
    inputs = inputs_of(encoder, name)
    with torch.no_grad():
        together, alone = encoder.encode(inputs), encoder.encode(inputs.select(torch.tensor([1])))
    torch.testing.assert_close(together[1, : alone.shape[1]], alone[0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", tiny.WITH_MASKED_HEAD)
def test_masked_logits_are_the_full_models(encoder: Encoder, name: str) -> None:
    inputs = inputs_of(encoder, name, pairs=True)
    chosen = (torch.rand(inputs.ids.shape, generator=torch.Generator().manual_seed(0)) < 0.3) & ~inputs.special
    assert chosen.sum() > 5
    with torch.no_grad():
        output = own_forward(encoder, inputs)
        full = output.logits if hasattr(output, "logits") else output.prediction_logits
        logits = encoder.masked_logits(encoder.encode(inputs), chosen)
    assert logits.shape == (int(chosen.sum()), encoder.vocabulary_size)
    torch.testing.assert_close(logits, full[chosen], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", tiny.WITH_MASKED_HEAD)
def test_masked_head_is_the_checkpoints(encoder: Encoder, name: str, checkpoint: Checkpoint) -> None:
    weights = transformers.modeling_utils.load_state_dict(str(checkpoint(name) / "model.safetensors"))
    state = encoder.state()
    head = [key for key in weights if not key.startswith(encoder.model.base_model_prefix) and key in state]
    assert head
    assert all(torch.equal(weights[key], state[key]) for key in head)


@pytest.mark.parametrize("name", tiny.WITHOUT_MASKED_HEAD)
def test_encoder_halves_have_no_masked_head(encoder: Encoder, name: str) -> None:
    inputs = inputs_of(encoder, name)
    with pytest.raises(CheckpointError, match=r"no masked-LM head.*alignment objectives.*bert.*roberta.*xlm"):
        encoder.masked_logits(encoder.encode(inputs), inputs.mask.bool())


def test_pooling(encoder: Encoder, name: str) -> None:
    inputs = inputs_of(encoder, name)
    states = encoder.encode(inputs).detach()
    for row, tokens in enumerate(encoder.tokenize(FIRSTS, language=language(name))):
        real = states[row, : len(tokens)]
        words = real[~torch.tensor(tokens.special)]
        torch.testing.assert_close(encoder.pool(states, inputs)[row], real.mean(0))
        torch.testing.assert_close(encoder.pool(states, inputs, "mean_no_special")[row], words.mean(0))
        assert torch.equal(encoder.pool(states, inputs, "first")[row], states[row, 0])
    with pytest.raises(RecipeError, match="did you mean 'mean'"):
        encoder.pool(states, inputs, "mea")
    with pytest.raises(RecipeError, match=r"^pooling: 'mean_words' is now 'mean_no_special'$"):
        encoder.pool(states, inputs, "mean_words")


def test_save_and_load(encoder: Encoder, name: str, tmp_path: Path) -> None:
    encoder.save(tmp_path)
    again = Encoder.load(tmp_path)
    inputs = inputs_of(encoder, name)
    assert again.tokenize(FIRSTS, SECONDS, language=language(name)) == encoder.tokenize(
        FIRSTS, SECONDS, language=language(name)
    )
    with torch.no_grad():
        assert torch.equal(again.encode(inputs), encoder.encode(inputs))
    assert again.has_masked_language_model == encoder.has_masked_language_model
    mine, theirs = encoder.state(), again.state()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[key], theirs[key]) for key in mine)
    assert list(tmp_path.glob("*.safetensors"))


def test_gradients_reach_embeddings(encoder: Encoder, name: str) -> None:
    inputs = inputs_of(encoder, name)
    embeddings = encoder.embed(inputs.ids).detach().requires_grad_()
    encoder.encode(inputs, embeddings).pow(2).sum().backward()
    assert embeddings.grad is not None
    assert embeddings.grad[inputs.mask.bool()].abs().sum(-1).gt(0).all()


def test_autocast(encoder: Encoder, name: str) -> None:
    inputs = inputs_of(encoder, name)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        states = encoder.encode(inputs)
    exact = encoder.encode(inputs).detach()
    assert torch.nn.functional.cosine_similarity(states.float(), exact, dim=-1)[inputs.mask.bool()].min() > 0.98


@pytest.mark.parametrize("task_type", OUTPUTS)
def test_task_model(encoder: Encoder, name: str, task_type: Any, tmp_path: Path) -> None:
    labels = ("yes", "no", "maybe") if OUTPUTS[task_type] == 3 else ()
    before = {key: value.clone() for key, value in encoder.state().items()}
    model = TaskModel.create(encoder, task_type, labels, seed=3)
    inputs = inputs_of(encoder, name, pairs=True)
    with torch.no_grad():
        logits = model.logits(inputs)
        again = TaskModel.create(encoder, task_type, labels, seed=3).logits(inputs)
        other = TaskModel.create(encoder, task_type, labels, seed=4).logits(inputs)
        embedded = model.logits(inputs, encoder.embed(inputs.ids))
    rows = tuple(inputs.ids.shape) if task_type in ("tagging", "extractive_qa") else (len(inputs),)
    assert logits.shape == (*rows, *([OUTPUTS[task_type]] if OUTPUTS[task_type] else []))
    torch.testing.assert_close(logits, again, atol=1e-6, rtol=0)
    assert (logits - other).abs().max() > 1e-3
    torch.testing.assert_close(embedded, logits, atol=1e-6, rtol=1e-6)
    model.save(tmp_path)
    loaded = TaskModel.load(tmp_path)
    with torch.no_grad():
        # one output is one dot product, whose rounding depends on where the weights lie in memory
        torch.testing.assert_close(loaded.logits(inputs), logits, atol=1e-6, rtol=0)
    assert loaded.task_type == task_type
    assert loaded.labels == model.labels
    assert model.labels == (labels or {"extractive_qa": ("start", "end"), "multiple_choice": ("score",)}[task_type])
    loss = model.train().logits(inputs).pow(2).sum()
    loss.backward()
    assert all(weight.grad is not None for weight in model.encoder.base.get_input_embeddings().parameters())
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    assert all(torch.equal(before[key], value) for key, value in encoder.state().items())


def test_task_model_starts_from_the_encoder(encoder: Encoder, name: str) -> None:
    model = TaskModel.create(encoder, "tagging", ("a", "b"), seed=0)
    inputs = inputs_of(encoder, name)
    with torch.no_grad():
        assert torch.equal(model.encoder.encode(inputs), encoder.encode(inputs))


@pytest.mark.parametrize("task_type", ["pair", "extractive_qa"])
def test_a_second_task_starts_with_a_fresh_head(encoder: Encoder, name: str, task_type: Any) -> None:
    first = TaskModel.create(encoder, "sentence", ("a", "b", "c"), seed=1)
    second = TaskModel.create(first.encoder, task_type, ("x", "y", "z"), seed=2)
    alone = TaskModel.create(Encoder(encoder.base, encoder.tokenizer), task_type, ("x", "y", "z"), seed=2)
    old, new, expected = (head_of(model) for model in (first, second, alone))
    assert expected
    assert all(torch.equal(new[key], weight) for key, weight in expected.items())
    assert not any(torch.equal(old[key], new[key]) for key in old.keys() & new.keys() if new[key].dim() == 2)


def head_of(model: TaskModel) -> dict[str, Tensor]:
    base = {id(weight) for weight in model.encoder.base.parameters()}
    return {key: weight for key, weight in model.module.named_parameters() if id(weight) not in base}


@pytest.mark.parametrize("name", tiny.WITH_TASK_HEADS)
@pytest.mark.parametrize(
    ("task_type", "pipeline"), [("sentence", "text-classification"), ("tagging", "token-classification")]
)
def test_transformers_pipeline(encoder: Encoder, name: str, task_type: Any, pipeline: Any, tmp_path: Path) -> None:
    labels = ("neutral", "contradiction", "entailment")
    model = TaskModel.create(encoder, task_type, labels, seed=0)
    model.save(tmp_path)
    predict = transformers.pipeline(pipeline, model=str(tmp_path), tokenizer=str(tmp_path))
    found = predict(FIRSTS[0])
    predicted = found[0]
    assert predicted[{"sentence": "label", "tagging": "entity"}[task_type]] in labels
    if task_type == "sentence" and encoder.languages is None:  # the pipeline passes no language
        inputs = inputs_of(encoder, name).select(torch.tensor([0]))
        scores = model.logits(inputs).detach().softmax(-1)[0]
        assert predicted["label"] == labels[int(scores.argmax())]
        assert predicted["score"] == pytest.approx(float(scores.max()), abs=1e-5)
