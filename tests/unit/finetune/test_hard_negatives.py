"""Hard negatives of intent_slot tasks: another value of the same slot with another meaning, and their losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from crosslift.api.examples import IntentSlotExample
from crosslift.encoder.encoder import Encoder
from crosslift.finetune.bases.batch import LabelledBatch, ModelInput, Pass
from crosslift.finetune.bases.hard_negatives import HardNegatives, ValueSampler, values_of
from crosslift.finetune.bases.span_contrast import EncodedNegatives, span_contrast
from crosslift.finetune.label_aware_joint import LabelAwareJoint
from crosslift.heads.label_names import LabelNames
from crosslift.heads.task_model import TaskModel
from crosslift.losses import info_nce
from crosslift.train.task_items import TaskItem, rows_of
from crosslift.train.tokenized_tasks import task_items
from tests.unit.finetune.cases import FRAMES, combined, items_of, model_for, model_of, trained

Checkpoint = Callable[[str], Path]
OFF: dict[str, Any] = {"label_semantics": "none", "utterance_weight": 0, "slot_weight": 0, "word_weight": 0}


def switch(folder: Path) -> tuple[str, dict[str, Any]]:
    path = folder / "en-de.txt"
    path.write_text("cat\tKatze\nred\troten\nman\tMann\nbook\tBuch\nthe\tder\n", encoding="utf-8")
    return "code_switch", {"lexicon": str(path), "word_ratio": 1.0}


def rows(model: TaskModel, *texts: tuple[str, str]) -> list[TaskItem]:
    made = [IntentSlotExample(str(i), tuple(t.split()), tuple(tags.split()), "go") for i, (t, tags) in enumerate(texts)]
    return rows_of(task_items(model.encoder, made, "intent_slot", FRAMES, max_length=48, language="en"))


def read(model: TaskModel, ids: Tensor) -> str:
    return str(model.encoder.tokenizer.decode(ids.tolist()))


def drawn(model: TaskModel, training: list[TaskItem], views: list[TaskItem], seed: int = 0) -> HardNegatives:
    exchange = ValueSampler(training, FRAMES)
    return exchange.negatives(model.encoder, views, torch.Generator().manual_seed(seed))


def test_a_value_takes_the_place_of_another_of_its_slot(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"), "intent_slot")
    items = rows(
        model, ("the red cat sleeps", "O B-a I-a O"), ("a book", "O B-a"), ("the man", "O B-b"), ("a man", "O O")
    )
    made = drawn(model, items, items)
    assert made.there.tolist() == [True, True, False, False]  # the third slot has one value, the fourth row no slot
    (number, start, stop), (_, begin, end) = made.spans[0].tolist(), made.spans[1].tolist()
    assert number == 0
    assert read(model, made.inputs.ids[0, start:stop]) == "book"
    assert read(model, made.inputs.ids[1, begin:end]) == "red cat"
    assert read(model, made.inputs.ids[0][made.inputs.mask[0].bool()]) == "[CLS] the book sleeps [SEP]"
    assert read(model, made.inputs.ids[3][made.inputs.mask[3].bool()]) == "[CLS] a man [SEP]"


def test_a_translation_is_no_other_value(checkpoint: Checkpoint) -> None:
    """Two sentences about a cat, one of which a view has switched: the training data's book is all there is to take."""
    model = model_of(checkpoint("bert"), "intent_slot")
    training = rows(model, ("the cat", "O B-a"), ("a cat", "O B-a"), ("a book", "O B-a"))
    (switched,) = rows(model, ("der man", "O B-a"))
    views = [replace(switched, example=0), training[1]]
    for seed in range(6):
        made = drawn(model, training, views, seed)
        assert made.there.all()
        for row, (_, start, stop) in enumerate(made.spans.tolist()):
            assert read(model, made.inputs.ids[row, start:stop]) == "book"
    alone = drawn(model, training[:2], views)
    assert not alone.there.any()
    assert read(model, alone.inputs.ids[0][alone.inputs.mask[0].bool()]) == "[CLS] der man [SEP]"


def test_values_of_the_batch_come_before_those_of_the_training_data(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"), "intent_slot")
    training = rows(model, ("the cat", "O B-a"), ("a book", "O B-a"), ("a man", "O B-a"))
    (view,) = rows(model, ("a roten", "O B-a"))
    for seed in range(6):
        made = drawn(model, training, [training[0], replace(view, example=1)], seed)
        (_, start, stop) = made.spans[0].tolist()
        assert read(model, made.inputs.ids[0, start:stop]) == read(model, torch.tensor(view.tokens.ids[2:-1]))


def test_values_are_found_where_tags_are(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"), "intent_slot")
    (item,) = rows(model, ("the red cat sleeps here", "O B-a I-a B-a O"))
    found = [(value.slot, read(model, torch.tensor(value.subwords))) for value in values_of(item, FRAMES)]
    assert found == [("a", "red cat"), ("a", "sleeps")]


def test_a_hard_negative_is_one_candidate_more() -> None:
    generator = torch.Generator().manual_seed(0)
    first, second, third = (torch.randn(4, 8, generator=generator, dtype=torch.float64) for _ in range(3))
    there = torch.tensor([True, False, True, False])
    found = info_nce(
        *(first, second), temperature=0.2, same_language_negatives=True, reduction="none", hard=(third, there)
    )
    for row in range(4):
        losses = []
        for anchor, others in ((first, second), (second, first)):
            candidates = [others[row], *(others[j] for j in range(4) if j != row)]
            candidates += [anchor[j] for j in range(4) if j != row] + ([third[row]] if there[row] else [])
            scores = functional.cosine_similarity(anchor[row], torch.stack(candidates), dim=-1) / 0.2
            losses.append(-scores.log_softmax(0)[0])
        torch.testing.assert_close(found[row], torch.stack(losses).mean())
    plain = info_nce(first, second, temperature=0.2, same_language_negatives=True)
    nowhere = (third, torch.zeros(4, dtype=torch.bool))
    assert info_nce(first, second, temperature=0.2, same_language_negatives=True, hard=nowhere) == plain


def test_an_anchor_with_only_a_hard_negative_learns_from_it() -> None:
    first, second, third = (torch.randn(1, 8, generator=torch.Generator().manual_seed(s)) for s in range(3))
    first.requires_grad_()
    loss = info_nce(first, second, temperature=0.5, hard=(third, torch.tensor([True])))
    loss.backward()
    assert loss > 0
    assert torch.isfinite(first.grad).all()
    assert first.grad.abs().sum() > 0


def collated(method: Any, model: TaskModel, *, seed: int = 0) -> LabelledBatch:
    items = rows_of(items_of(model))
    method.begin(model.encoder, items, {})
    made: LabelledBatch = method.collate(model, items, torch.Generator().manual_seed(seed))
    return made


def passes(model: TaskModel, batch: LabelledBatch) -> list[Pass]:
    sides = [side for side in (batch.inputs, batch.view) if side is not None]
    return [Pass(ModelInput(x), ModelInput(x).output(model), batch.labels_of(x), batch.balance) for x in sides]


def test_three_levels_of_a_joint_task(checkpoint: Checkpoint, tmp_path: Path) -> None:
    method = combined(switch(tmp_path), ("label_aware_joint", {"projection": False}))
    model = model_for(method, checkpoint("bert"), "intent_slot")
    assert isinstance(model.module, LabelNames)
    batch = collated(method, model)
    terms = method.loss(model, batch)
    assert set(terms) == {"task", "view", "utterance", "slot", "word"}
    (hard,) = [each for each in batch.drawn if isinstance(each, HardNegatives)]
    assert hard.there.any()
    clean, view = passes(model, batch)
    states = model.encoder.encode(hard.inputs)
    first, second, third = (each[:, 0] for each in (clean.output.states, view.output.states, states))
    expected = info_nce(first, second, temperature=0.1, same_language_negatives=True, hard=(third, hard.there))
    torch.testing.assert_close(terms["utterance"], 0.1 * expected)
    slots = span_contrast(clean, view, FRAMES, temperature=0.1, negatives=EncodedNegatives(states, hard.spans))
    torch.testing.assert_close(terms["slot"], 0.1 * slots)
    assert slots > span_contrast(clean, view, FRAMES, temperature=0.1)
    turned = batch.select(torch.arange(len(batch)).flip(0))
    torch.testing.assert_close(method.loss(model, turned), terms, atol=1e-5, rtol=1e-4)


def test_names_classify_each_place(checkpoint: Checkpoint) -> None:
    method = LabelAwareJoint(label_semantics="replace", label_temperature=0.5)
    model = model_for(method, checkpoint("bert"), "intent_slot")
    batch = collated(combined(("label_aware_joint", {"label_semantics": "replace"})), model)
    shares = model.logits(batch.inputs).softmax(dim=-1)
    states, names = model.encoder.encode(batch.inputs), model.module.encoded()
    cosines = functional.cosine_similarity(states.unsqueeze(2), names, dim=-1) / 0.5
    torch.testing.assert_close(shares[:, 0, 5:], cosines[:, 0, 5:].softmax(-1), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(shares[:, 1:, :5], cosines[:, 1:, :5].softmax(-1), atol=1e-5, rtol=1e-4)


def test_the_projection_is_trained_and_no_part_of_the_model(checkpoint: Checkpoint, tmp_path: Path) -> None:
    method = combined(switch(tmp_path), ("label_aware_joint", {"label_semantics": "none"}))
    model = model_for(method, checkpoint("bert"), "intent_slot")
    auxiliary = method.auxiliary_module(model)
    assert auxiliary is not None
    torch.stack(list(method.loss(model, collated(method, model), auxiliary).values())).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in auxiliary.parameters())
    assert not {id(p) for p in auxiliary.parameters()} & {id(p) for p in model.parameters()}


@pytest.mark.parametrize("task_type", ["intent_slot", "tagging"])
def test_weights_of_zero_are_plain(checkpoint: Checkpoint, tmp_path: Path, task_type: str) -> None:
    plain = trained(checkpoint("bert"), [("plain", {})], tmp_path / "plain", task_type=task_type)
    off = trained(checkpoint("bert"), [("label_aware_joint", OFF)], tmp_path / "off", task_type=task_type)
    assert plain.keys() == off.keys()
    assert all(torch.equal(value, off[key]) for key, value in plain.items())


def test_without_iob2_tags_there_are_no_hard_negatives(checkpoint: Checkpoint, tmp_path: Path) -> None:
    method = combined(switch(tmp_path), ("label_aware_joint", {}))
    model = model_for(method, checkpoint("bert"), "tagging")
    assert not any(isinstance(each, HardNegatives) for each in collated(method, model).drawn)
    none = combined(switch(tmp_path), ("label_aware_joint", {"hard_negatives": False}))
    model = model_for(none, checkpoint("bert"), "intent_slot")
    assert not any(isinstance(each, HardNegatives) for each in collated(none, model).drawn)


def test_a_full_encoder_has_no_room_for_a_longer_value(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    model = model_of(checkpoint("bert"), "intent_slot")
    short, long = rows(model, ("the cat", "O B-a"), ("a red book in the garden", "O B-a I-a I-a I-a I-a"))
    exchange = ValueSampler([short, long], FRAMES)
    monkeypatch.setattr(Encoder, "max_length", len(long))
    made = exchange.negatives(encoder, [short, long], torch.Generator().manual_seed(0))
    assert made.there.all()
    monkeypatch.setattr(Encoder, "max_length", len(short) + 1)
    made = exchange.negatives(encoder, [short], torch.Generator().manual_seed(0))
    assert not made.there.any()
