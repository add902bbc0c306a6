"""Label words: scores equal the log-probabilities of the whole model, despite the computation saved."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs
from crosslift.errors import CheckpointError, RecipeError
from crosslift.heads.label_words import LabelWords, Wording, token_ids_of
from crosslift.heads.task_model import TaskModel
from tests.tiny import TEXTS, t5

Checkpoint = Callable[[str], Path]
LABELS = ("first", "second", "third")
ONE_TOKEN = ("K", "Ma", "li")
SEVERAL = ("the cat", "the red cat", "book")
FAMILIES = ("t5", "mt5", "t5-untied", "umt5")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory, checkpoint: Checkpoint) -> Callable[[str], Path]:
    """Return a function from a family to its tiny checkpoint; it has two families more than `tiny`."""
    folder = tmp_path_factory.mktemp("label-words")

    def made(name: str) -> Path:
        if name in ("t5", "mt5"):
            return checkpoint(name)
        if not (folder / name).exists():
            t5(folder / name)
            _write(name, folder / name)
        return folder / name

    return made


def _write(name: str, place: Path) -> None:
    """Write the weights of an uMT5, or of a T5 v1.1, with an untied output matrix."""
    prefix = "UMT5" if name == "umt5" else "T5"
    shape = {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 3, "num_decoder_layers": 2, "num_heads": 4}
    size = transformers.AutoConfig.from_pretrained(place).vocab_size
    tied = {"tie_word_embeddings": False} if name == "t5-untied" else {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        config = getattr(transformers, f"{prefix}Config")(vocab_size=size, **shape, **tied)
        model = getattr(transformers, f"{prefix}ForConditionalGeneration")(config)
        if tied:
            model.lm_head.weight = torch.nn.Parameter(torch.randn(size, 32))
    model.save_pretrained(place)


def wording(words: Sequence[str], **settings: Any) -> Wording:
    return Wording("sentence", LABELS, tuple(words), "read: {text} what is it?", **settings)


def model_of(place: Path, words: Sequence[str] = SEVERAL, *, exact: bool = True, **settings: Any) -> TaskModel:
    encoder = Encoder.load(place)
    head = LabelWords.of(encoder, wording(words, **settings), exact=exact)
    return TaskModel.create(encoder, "sentence", LABELS, seed=0, head=head).eval()


def inputs_of(model: TaskModel, texts: Sequence[str] = TEXTS) -> Inputs:
    assert model.prompt is not None
    rows = model.prompt.tokens(model.encoder, [(text,) for text in texts], max_length=64, language="en")
    return model.encoder.collate(rows)


def transformers_own(place: Path, inputs: Inputs, words: Sequence[Sequence[int]]) -> Tensor:
    """Return the log-probability of each word for each row, one at a time, by `forward` of the whole model."""
    whole = transformers.AutoModelForSeq2SeqLM.from_pretrained(place).eval()
    scores = torch.zeros(len(inputs), len(words))
    for row, (label, word) in itertools.product(range(len(inputs)), enumerate(words)):
        length = int(inputs.lengths[row])
        with torch.no_grad():
            logits = whole(
                input_ids=inputs.ids[row : row + 1, :length],
                decoder_input_ids=torch.tensor([[0, *word[:-1]]]),
            ).logits
        scores[row, label] = logits[0].log_softmax(-1)[range(len(word)), list(word)].sum()
    return scores


@pytest.mark.parametrize("words", [ONE_TOKEN, SEVERAL])
@pytest.mark.parametrize("family", FAMILIES)
def test_scores_are_transformers_own(directory: Callable[[str], Path], family: str, words: Sequence[str]) -> None:
    model = model_of(directory(family), words)
    inputs = inputs_of(model)
    pieces = token_ids_of(model.encoder.tokenizer, wording(words))
    assert (max(map(len, pieces)) == 1) is (words is ONE_TOKEN)
    with torch.no_grad():
        scores = model.logits(inputs)
    expected = transformers_own(directory(family), inputs, pieces)
    torch.testing.assert_close(scores, expected, atol=1e-5, rtol=1e-5)
    assert (scores.argmax(dim=1) == expected.argmax(dim=1)).all()
    assert len({tuple(row) for row in scores.tolist()}) == len(TEXTS)


@pytest.mark.parametrize("family", FAMILIES)
def test_single_tokens_spare_the_softmax_over_the_vocabulary(directory: Callable[[str], Path], family: str) -> None:
    model, exact = (model_of(directory(family), ONE_TOKEN, exact=flag) for flag in (False, True))
    inputs = inputs_of(model)
    model.module.whole.lm_head.register_forward_hook(lambda *_: pytest.fail("all of the vocabulary was scored"))
    with torch.no_grad():
        short, full = model.logits(inputs), exact.logits(inputs)
    assert not torch.allclose(short, full)
    torch.testing.assert_close(short.log_softmax(-1), full.log_softmax(-1), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_loaded_model_scores_the_same(directory: Callable[[str], Path], tmp_path: Path, family: str) -> None:
    model = model_of(directory(family), normalise=True, ends=True)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.01 * torch.randn_like(parameter)
    model.save(tmp_path)
    again = TaskModel.load(tmp_path)
    assert again.module.wording == model.module.wording
    inputs = inputs_of(model)
    with torch.no_grad():
        torch.testing.assert_close(again.logits(inputs), model.logits(inputs))
    pieces = token_ids_of(model.encoder.tokenizer, model.module.wording)
    lengths = torch.tensor([len(word) for word in pieces])
    assert all(word[-1] == model.encoder.tokenizer.eos_token_id for word in pieces)
    with torch.no_grad():
        expected = transformers_own(tmp_path, inputs, pieces) / lengths
    torch.testing.assert_close(again.logits(inputs), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_padding_changes_nothing(directory: Callable[[str], Path], family: str) -> None:
    model = model_of(directory(family))
    inputs = inputs_of(model)
    fill = {"ids": 0, "mask": 0, "special": True}
    longer = {
        name: torch.nn.functional.pad(getattr(inputs, name), (0, 20), value=value) for name, value in fill.items()
    }
    with torch.no_grad():
        torch.testing.assert_close(model.logits(Inputs(**longer)), model.logits(inputs), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("words", [ONE_TOKEN, SEVERAL])
def test_low_precision_is_close(checkpoint: Checkpoint, words: Sequence[str]) -> None:
    model = model_of(checkpoint("t5"), words)
    inputs = inputs_of(model)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        low = model.logits(inputs)
    with torch.no_grad():
        full = model.logits(inputs)
    assert (low <= 0).all()
    torch.testing.assert_close(low, full, atol=0.1, rtol=0.02)


def test_encoder_and_head_are_one_model(checkpoint: Checkpoint) -> None:
    """The head trains a copy of the encoder's current weights, which its own encoder shares."""
    encoder = Encoder.load(checkpoint("t5"))
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter += 0.1
    head = LabelWords.of(encoder, wording(SEVERAL))
    model = TaskModel.create(encoder, "sentence", LABELS, seed=0, head=head)
    trained = {id(parameter) for parameter in model.parameters()}
    assert {id(parameter) for parameter in model.encoder.parameters()} < trained
    assert not {id(parameter) for parameter in encoder.parameters()} & trained
    inputs = inputs_of(model)
    torch.testing.assert_close(model.encoder.eval().encode(inputs), encoder.eval().encode(inputs))
    shared = model.module.whole
    assert shared.lm_head.weight is shared.shared.weight is shared.decoder.embed_tokens.weight
    before = model.eval().logits(inputs)
    with model.encoder.last_states() as seen:
        moved = model.outputs(inputs, shift=torch.ones_like(model.encoder.encode(inputs)))
    assert len(seen) == 2
    assert not torch.allclose(moved.logits, before)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"words": ("cat", "man", "")}, r"label_words.third: '' is empty"),
        ({"words": ("cat", "man", "日")}, r"label_words.third: the tokenizer cannot write '日'"),
        ({"words": ("cat", "man", "cat")}, r"label_words: the word of 'third', 'cat', begins with that of 'first'"),
        ({"words": ("the", "the cat", "man"), "ends": False}, r"'second', 'the cat', begins .* ends = true"),
        ({"prompt": "premise: {text} {hypothesis}"}, r"prompt: unknown placeholder '{hypothesis}' .*{text}"),
        ({"prompt": "premise: {txt}"}, r"did you mean '{text}'"),
        ({"prompt": "is ({text})?"}, r"each between spaces"),
        ({"prompt": "what is it?"}, r"has {text} 0 times"),
    ],
)
def test_impossible_wordings_are_refused(checkpoint: Checkpoint, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        LabelWords.of(Encoder.load(checkpoint("t5")), replace(wording(SEVERAL), **changes))


def test_a_word_that_is_a_prefix_of_another_gets_an_end(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("t5"))
    pieces = token_ids_of(encoder.tokenizer, wording(("the", "the cat", "man")))
    assert all(word[-1] == encoder.tokenizer.eos_token_id for word in pieces)
    assert all(
        encoder.tokenizer.eos_token_id not in word for word in token_ids_of(encoder.tokenizer, wording(ONE_TOKEN))
    )


@pytest.mark.parametrize("family", ["bert", "nllb"])
def test_encoders_without_a_decoder_are_refused(checkpoint: Checkpoint, family: str) -> None:
    with pytest.raises(CheckpointError, match=r"has no decoder.* use a whole T5, Flan-T5, mT5"):
        LabelWords.of(Encoder.load(checkpoint(family)), wording(SEVERAL))


def test_half_a_checkpoint_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    Encoder.load(checkpoint("t5")).save(tmp_path)
    with pytest.raises(CheckpointError, match=r"only the encoder half.*use the whole T5"):
        LabelWords.of(Encoder.load(tmp_path), wording(SEVERAL))


def test_a_saved_wording_that_lacks_a_part_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model_of(checkpoint("t5")).save(tmp_path)
    (tmp_path / "crosslift_label_words.json").write_text('{"kind": "sentence"}')
    with pytest.raises(CheckpointError, match=r"crosslift_label_words.json: not what crosslift writes"):
        TaskModel.load(tmp_path)
