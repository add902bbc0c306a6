"""Joint tasks: intent and tags of one pass, what their loss is, and that nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from crosslift.api.examples import IntentSlotExample
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED
from crosslift.errors import CheckpointError, DataError
from crosslift.evaluation.predict import predict
from crosslift.finetune.code_switch import CodeSwitch
from crosslift.finetune.plain import Plain
from crosslift.heads.checkpoints import described
from crosslift.heads.intent_slot import at_sentence, sentence_place
from crosslift.heads.linear import LinearHead
from crosslift.heads.task_model import TaskModel
from crosslift.train.task_items import TaskItem, rows_of
from crosslift.train.tokenized_tasks import task_items
from tests.tiny import TEXTS
from tests.unit.finetune.cases import FRAMES, batch_of, combined, examples, items_of, model_of, trained

Checkpoint = Callable[[str], Path]
TAGS = 5
"""The first labels of `FRAMES` are tags."""


@pytest.mark.parametrize("family", ["bert", "t5", "nllb"])
def test_a_place_has_its_own_labels(checkpoint: Checkpoint, family: str) -> None:
    model = model_of(checkpoint(family), "intent_slot")
    batch = batch_of(Plain(), model)
    shares = model.logits(batch.inputs).softmax(dim=-1)
    whole = at_sentence(batch.inputs)
    assert (whole.sum(dim=1) == 1).all()
    assert batch.inputs.special[whole].all()
    assert (shares[whole][:, :TAGS] == 0).all()
    assert (shares[~whole][:, TAGS:] == 0).all()
    assert (batch.inputs.targets[whole] >= TAGS).all()
    assert (batch.inputs.targets[~whole] < TAGS).all()


def test_loss_is_that_of_intents_plus_that_of_tags(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"), "intent_slot")
    batch = batch_of(Plain(), model)
    states = model.encoder.encode(batch.inputs)
    outputs = model.module.classifier(states)
    intents = torch.tensor([FRAMES.index(example.intent) for example in examples("intent_slot")]) - TAGS
    tags = torch.cat([torch.tensor([FRAMES.index(tag) for tag in example.tags]) for example in examples("intent_slot")])
    words = (batch.inputs.targets != IGNORED) & ~batch.inputs.special
    expected = functional.cross_entropy(outputs[:, 0, TAGS:], intents)
    expected = expected + functional.cross_entropy(outputs[words][:, :TAGS], tags)
    torch.testing.assert_close(Plain().loss(model, batch)["task"], expected)


def test_a_split_step_is_the_whole_one(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"), "intent_slot")
    batch = batch_of(Plain(), model)
    parts = [batch.select(torch.tensor(rows)) for rows in ([0, 5], [1, 2, 3, 4, 6, 7])]
    weighted = sum(Plain().loss(model, part)["task"] * Plain().num_targets(part) for part in parts)
    torch.testing.assert_close(weighted / Plain().num_targets(batch), Plain().loss(model, batch)["task"])


@pytest.mark.parametrize("family", ["bert", "modernbert", "t5"])
def test_saved_and_loaded_it_predicts_the_same(checkpoint: Checkpoint, tmp_path: Path, family: str) -> None:
    model = model_of(checkpoint(family), "intent_slot")
    model.save(tmp_path)
    again = TaskModel.load(tmp_path)
    assert (again.task_type, again.labels) == described(tmp_path) == ("intent_slot", FRAMES)
    assert isinstance(again.module, LinearHead) == (family == "t5")
    first, second = (predict(each, examples("intent_slot"), language="en", max_length=48) for each in (model, again))
    assert first == second
    for record, example in zip(first, examples("intent_slot"), strict=True):
        assert record["gold"] == {"intent": example.intent, "slots": list(example.tags)}
        assert record["prediction"]["intent"] in FRAMES[TAGS:]
        assert set(record["prediction"]["slots"]) <= set(FRAMES[:TAGS])
        assert len(record["prediction"]["slots"]) == len(example.words)


@pytest.mark.parametrize("family", ["bert", "t5"])
def test_a_long_sentence_is_cut_and_has_one_intent(checkpoint: Checkpoint, family: str) -> None:
    model = model_of(checkpoint(family), "intent_slot")
    long = IntentSlotExample("0", tuple(TEXTS[0].split()) * 4, ("O", "B-b", "O", "O") * 100, "go")
    long = replace(long, tags=long.tags[: len(long.words)])
    items = rows_of(task_items(model.encoder, [long], "intent_slot", FRAMES, max_length=14, language="en"))
    assert len(items) > 2
    whole = [item.label[sentence_place(item.tokens.special)] for item in items]
    assert whole == [FRAMES.index("go"), *[IGNORED] * (len(items) - 1)]
    tags = [tag for item in items for tag, special in zip(item.label, item.tokens.special, strict=True) if not special]
    assert [FRAMES[tag] for tag in tags if tag != IGNORED] == list(long.tags)
    (record,) = predict(model, [long], language="en", max_length=14)
    assert len(record["prediction"]["slots"]) == len(long.words)


def test_labels_that_training_lacks_are_scored_and_not_learned(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"), "intent_slot")
    new = IntentSlotExample("0", ("The", "cat"), ("O", "B-new"), "fly")
    (record,) = predict(model, [new], language="en", max_length=48)
    assert record["gold"] == {"intent": "fly", "slots": ["O", "B-new"]}
    with pytest.raises(DataError, match="example 0: unknown label 'B-new'"):
        task_items(model.encoder, [new], "intent_slot", FRAMES, max_length=48, language="en")


def test_a_view_keeps_intent_and_tags(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "en-de.txt").write_text("cat\tKatze\nred\troten\nthe\tder\nThe\tDer\n", encoding="utf-8")
    model = model_of(checkpoint("bert"), "intent_slot")
    rows = rows_of(items_of(model))
    method = CodeSwitch(lexicon=str(tmp_path / "en-de.txt"), word_ratio=1.0)
    views = method.rewrite(model, rows, torch.Generator().manual_seed(0))

    def labels(item: TaskItem) -> list[int]:
        assert isinstance(item.label, tuple)
        assert len(item.label) == len(item.tokens)
        return [label for label in item.label if label != IGNORED]

    assert [labels(view) for view in views] == [labels(row) for row in rows]
    assert [len(view) for view in views] != [len(row) for row in rows]


@pytest.mark.parametrize(
    "methods",
    [
        [("label_contrastive", {"pooling": "first"})],
        [("code_switch", {}), ("consistency", {})],
        [("adversarial", {"steps": 1})],
    ],
)
def test_it_learns_with_other_methods(checkpoint: Checkpoint, tmp_path: Path, methods: list) -> None:
    (tmp_path / "en-de.txt").write_text("cat\tKatze\n", encoding="utf-8")
    methods = [(name, {"lexicon": str(tmp_path / "en-de.txt")} if name == "code_switch" else s) for name, s in methods]
    after = trained(checkpoint("bert"), methods, tmp_path / "states", task_type="intent_slot", micro_batch_tokens=None)
    before = model_of(checkpoint("bert"), "intent_slot").module.state_dict()
    assert not torch.equal(before["classifier.weight"], after["classifier.weight"])


def test_label_contrast_is_of_intents(checkpoint: Checkpoint) -> None:
    model, method = model_of(checkpoint("bert"), "intent_slot"), combined(("label_contrastive", {"pooling": "first"}))
    batch = batch_of(method, model)
    again = replace(batch, inputs=replace(batch.inputs, targets=batch.inputs.targets.clone()))
    words = ~at_sentence(batch.inputs) & (batch.inputs.targets != IGNORED)
    again.inputs.targets[words] = 0
    one, other = (method.loss(model, each)["label_contrastive"] for each in (batch, again))
    assert one == other > 0


def test_without_a_special_token_there_is_no_place_for_an_intent() -> None:
    assert sentence_place([False, True, True]) == 1
    with pytest.raises(CheckpointError, match="this tokenizer adds none"):
        sentence_place([False, False])


def test_the_encoder_stays(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    model = TaskModel.create(encoder, "intent_slot", FRAMES, seed=0)
    assert not {id(p) for p in encoder.parameters()} & {id(p) for p in model.parameters()}
