"""Checkpoints that cannot be loaded, or only in part, and the messages about them."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from crosslift.encoder import loading
from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError, LanguageError, RecipeError
from crosslift.heads.task_model import TaskModel
from tests import tiny

Checkpoint = Callable[[str], Path]


@pytest.fixture
def copied(checkpoint: Checkpoint, tmp_path: Path) -> Callable[[str], Path]:
    def copy(name: str) -> Path:
        return Path(shutil.copytree(checkpoint(name), tmp_path / name))

    return copy


def change_config(directory: Path, **values: Any) -> None:
    path = directory / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def change_weights(directory: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
    path = directory / "model.safetensors"
    weights = {name: value.clone() for name, value in load_file(path).items()}
    save_file(change(weights), path, metadata={"format": "pt"})


def test_no_such_directory(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such directory"):
        Encoder.load(tmp_path / "nothing")


def test_hub_id_out_of_reach() -> None:
    with pytest.raises(CheckpointError, match=r"someone/something: the configuration cannot be loaded.*offline"):
        Encoder.load("someone/something")


def test_directory_without_config(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to see")
    for load in (Encoder.load, TaskModel.load):
        with pytest.raises(CheckpointError, match=r"not a checkpoint: it has no config.json \(it holds: notes.txt\)"):
            load(tmp_path)


def test_broken_config(copied: Callable[[str], Path]) -> None:
    directory = copied("bert")
    (directory / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match="configuration cannot be loaded"):
        Encoder.load(directory)


def test_broken_weights(copied: Callable[[str], Path]) -> None:
    directory = copied("bert")
    (directory / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(CheckpointError, match="weights cannot be loaded"):
        Encoder.load(directory)


def test_unsupported_family(copied: Callable[[str], Path]) -> None:
    directory = copied("bert")
    change_config(directory, model_type="albert")
    with pytest.raises(CheckpointError, match=r"model_type 'albert'.*did you mean 'bert'.*supported: bert, deberta-v2"):
        Encoder.load(directory)


@pytest.mark.parametrize("load", [Encoder.load, TaskModel.load])
def test_no_tokenizer(copied: Callable[[str], Path], load: Callable[[Path], object]) -> None:
    directory = copied("bert")
    for file in directory.glob("tokenizer*"):
        file.unlink()
    change_config(directory, architectures=["BertForSequenceClassification"])
    with pytest.raises(CheckpointError, match=r"has no tokenizer: none of tokenizer\.json, vocab\.txt"):
        load(directory)


def test_tokenizer_of_another_model(copied: Callable[[str], Path], checkpoint: Checkpoint) -> None:
    directory = copied("bert")
    for file in checkpoint("roberta").glob("tokenizer*"):
        shutil.copy(file, directory)
    with pytest.raises(CheckpointError, match="the tokenizer does not belong to the model"):
        Encoder.load(directory)


@pytest.mark.parametrize(
    ("name", "weight"),
    [
        ("bert", "bert.encoder.layer.1.output.dense.weight"),
        ("t5", "encoder.block.1.layer.1.DenseReluDense.wo.weight"),
        ("nllb", "model.encoder.layers.1.fc1.weight"),
        ("nllb", "model.shared.weight"),
    ],
)
def test_missing_weights_are_an_error(copied: Callable[[str], Path], name: str, weight: str) -> None:
    directory = copied(name)
    change_weights(directory, lambda weights: {key: value for key, value in weights.items() if key != weight})
    with pytest.raises(CheckpointError, match=r"weights do not match config.json: . of the transformer's weights"):
        Encoder.load(directory)


@pytest.mark.parametrize(
    ("name", "key"),
    [("bert", "num_hidden_layers"), ("xlm", "n_layers"), ("t5", "num_layers"), ("nllb", "encoder_layers")],
)
def test_a_configuration_with_fewer_layers_is_an_error(copied: Callable[[str], Path], name: str, key: str) -> None:
    directory = copied(name)
    change_config(directory, **{key: 2})
    with pytest.raises(CheckpointError, match="weights of layers that are not in the configuration"):
        Encoder.load(directory)


def test_a_configuration_of_another_width_is_an_error(copied: Callable[[str], Path]) -> None:
    directory = copied("bert")
    change_config(directory, intermediate_size=40)
    with pytest.raises(
        CheckpointError, match=r"weights do not match config.json: .* have another shape, such as bert.encoder"
    ):
        Encoder.load(directory)


def test_a_missing_head_is_said(checkpoint: Checkpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = Encoder.load(checkpoint("xlm-roberta"))
    whole.base.save_pretrained(tmp_path)
    whole.tokenizer.save_pretrained(str(tmp_path))
    with caplog.at_level(logging.WARNING):
        bare = Encoder.load(tmp_path)
    assert "has no masked-LM head" in caplog.text
    assert not bare.has_masked_language_model
    inputs = bare.collate(bare.tokenize(list(tiny.TEXTS)))
    with pytest.raises(CheckpointError, match="no masked-LM head"):
        bare.masked_logits(bare.encode(inputs), inputs.mask.bool())
    torch.testing.assert_close(bare.encode(inputs), whole.encode(inputs))
    bare.save(tmp_path / "again")
    torch.testing.assert_close(Encoder.load(tmp_path / "again").encode(inputs), whole.encode(inputs))


def test_an_encoder_is_loaded_from_a_task_model(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = TaskModel.create(Encoder.load(checkpoint("bert")), "pair", ("a", "b"), seed=0)
    model.save(tmp_path)
    encoder = Encoder.load(tmp_path)
    inputs = encoder.collate(encoder.tokenize(list(tiny.TEXTS)))
    assert torch.equal(encoder.encode(inputs), model.encoder.encode(inputs))
    assert not encoder.has_masked_language_model


def test_the_pooler_is_kept(checkpoint: Checkpoint, tmp_path: Path) -> None:
    published = load_file(checkpoint("bert") / "model.safetensors")["bert.pooler.dense.weight"]
    encoder = Encoder.load(checkpoint("bert"))
    model = TaskModel.create(encoder, "sentence", ("a", "b"), seed=0)
    assert torch.equal(model.module.state_dict()["bert.pooler.dense.weight"], published)
    encoder.save(tmp_path)
    again = TaskModel.create(Encoder.load(tmp_path), "sentence", ("a", "b"), seed=0)
    assert torch.equal(again.module.state_dict()["bert.pooler.dense.weight"], published)


def test_modernberts_prediction_head_starts_the_task_head(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("modernbert"))
    model = TaskModel.create(encoder, "sentence", ("a", "b"), seed=0)
    assert torch.equal(model.module.state_dict()["head.dense.weight"], encoder.state()["head.dense.weight"])


@pytest.mark.parametrize("name", ["bert", "nllb"])
def test_a_checkpoint_without_task_head(checkpoint: Checkpoint, name: str) -> None:
    with pytest.raises(CheckpointError, match=r"has no task head.*fine-tune it on a task first"):
        TaskModel.load(checkpoint(name))


def test_a_head_that_does_not_fit_its_labels(checkpoint: Checkpoint, tmp_path: Path) -> None:
    TaskModel.create(Encoder.load(checkpoint("bert")), "pair", ("a", "b", "c"), seed=0).save(tmp_path)
    change_config(tmp_path, id2label={"0": "a", "1": "b"}, label2id={"a": 0, "b": 1})
    with pytest.raises(
        CheckpointError,
        match=r"do not match config.json: 2 have another shape, such as classifier.bias is \(3,\) and not \(2,\)",
    ):
        TaskModel.load(tmp_path)


def test_a_head_that_is_missing(checkpoint: Checkpoint, tmp_path: Path) -> None:
    TaskModel.create(Encoder.load(checkpoint("bert")), "pair", ("a", "b"), seed=0).save(tmp_path)
    change_weights(tmp_path, lambda weights: {key: value for key, value in weights.items() if "classifier" not in key})
    with pytest.raises(CheckpointError, match=r"the head does not match config.json: classifier.bias"):
        TaskModel.load(tmp_path)


def test_an_own_head_that_does_not_fit_its_labels(checkpoint: Checkpoint, tmp_path: Path) -> None:
    TaskModel.create(Encoder.load(checkpoint("t5")), "pair", ("a", "b", "c"), seed=0).save(tmp_path)
    head = tmp_path / "crosslift_head.json"
    head.write_text(json.dumps({"task_type": "pair", "labels": ["a", "b"]}))
    with pytest.raises(
        CheckpointError, match=r"shape \(3, 32\), expected \(2, 32\): crosslift_head.json names 2 labels"
    ):
        TaskModel.load(tmp_path)
    (tmp_path / "crosslift_head.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"crosslift_head.safetensors, the weights of the task head, is missing"):
        TaskModel.load(tmp_path)


def test_a_checkpoint_that_others_fine_tuned(checkpoint: Checkpoint, tmp_path: Path) -> None:
    encoder = Encoder.load(checkpoint("xlm-roberta"))
    theirs = transformers.AutoModelForTokenClassification.from_pretrained(
        checkpoint("xlm-roberta"), id2label={0: "O", 1: "B-PER"}, label2id={"O": 0, "B-PER": 1}
    ).eval()
    theirs.save_pretrained(tmp_path)
    encoder.tokenizer.save_pretrained(str(tmp_path))
    ours = TaskModel.load(tmp_path)
    inputs = encoder.collate(encoder.tokenize(list(tiny.TEXTS)))
    assert (ours.task_type, ours.labels) == ("tagging", ("O", "B-PER"))
    own = theirs(input_ids=inputs.ids, attention_mask=inputs.mask).logits
    real = inputs.mask.bool()
    torch.testing.assert_close(ours.logits(inputs)[real], own[real], atol=1e-5, rtol=1e-5)


def test_kinds_without_a_head(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    with pytest.raises(RecipeError, match="a 'retrieval' task has no head"):
        TaskModel.create(encoder, "retrieval", (), seed=0)
    with pytest.raises(RecipeError, match="needs distinct label names"):
        TaskModel.create(encoder, "pair", ("a", "a"), seed=0)
    with pytest.raises(RecipeError, match=r"needs distinct label names, found \[\]"):
        TaskModel.create(encoder, "pair", (), seed=0)


def test_xlm_wants_its_languages(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("xlm"))
    with pytest.raises(LanguageError, match=r"not made for this language: no language 'sw'.*\(available: de, en, fr\)"):
        encoder.tokenize(["Paka amelala"], language="sw")
    with pytest.raises(LanguageError, match="every text needs its language"):
        encoder.collate(encoder.tokenize(["The cat"]))
    english, german = (encoder.collate(encoder.tokenize(["die"], language=code)) for code in ("en", "de"))
    assert torch.equal(english.ids, german.ids)
    assert (encoder.encode(english) - encoder.encode(german)).abs().max() > 1e-3


def test_xlm_gives_each_text_of_a_joined_pair_its_language(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("xlm"))
    english, german = (encoder.tokenize([text], language=code)[0] for text, code in (("The cat", "en"), ("Die", "de")))
    joined = encoder.join(english, german)
    languages = encoder.collate([joined]).languages
    assert languages is not None
    assert languages[0].tolist() == [1 - segment for segment in joined.segments]
    assert set(joined.segments) == {0, 1}


def test_translation_models_write_their_language(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("nllb"))
    default, german, again = (encoder.tokenize(["Die Katze"], language=code)[0].ids for code in (None, "de", None))
    assert default == again
    assert german == encoder.tokenize(["Die Katze"], language="deu_Latn")[0].ids
    assert default[1:] == german[1:]
    assert encoder.tokenizer.convert_ids_to_tokens([default[0], german[0]]) == ["eng_Latn", "deu_Latn"]
    with pytest.raises(LanguageError, match="no language 'deu_Lat' here; did you mean 'deu_Latn'"):
        encoder.tokenize(["Die Katze"], language="deu_Lat")


def test_a_tokenizer_that_hides_token_types_gives_them_to_the_pipeline(checkpoint: Checkpoint, tmp_path: Path) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    plain = transformers.PreTrainedTokenizerFast(
        tokenizer_object=encoder.tokenizer.backend_tokenizer, pad_token="[PAD]", mask_token="[MASK]"
    )
    assert "token_type_ids" not in plain("The cat", "Die Katze")
    model = TaskModel.create(Encoder(encoder.model, plain), "pair", ("a", "b"), seed=0)
    model.save(tmp_path)
    inputs = encoder.collate(encoder.tokenize(["The cat"], ["Die Katze"]))
    expected = model.logits(inputs).detach().softmax(-1)[0]
    predict = transformers.pipeline("text-classification", model=str(tmp_path), top_k=None)
    found = {row["label"]: row["score"] for row in predict({"text": "The cat", "text_pair": "Die Katze"})}
    assert [found["a"], found["b"]] == pytest.approx(expected.tolist(), abs=1e-6)


def test_a_misspelled_path_is_not_looked_up_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading.AutoConfig, "from_pretrained", lambda *_, **__: pytest.fail("the hub was asked"))
    with pytest.raises(CheckpointError, match=r"^runs/modle: no such directory; did you mean 'model'\?$"):
        Encoder.load("runs/modle")
    with pytest.raises(
        CheckpointError, match=r"^runs/zzz: no such directory; give a checkpoint directory or a hub id$"
    ):
        Encoder.load("runs/zzz")
