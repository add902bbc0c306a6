"""Examples with choices: their rows stay together, and the loss compares the choices of an example."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from crosslift.api.examples import MultipleChoiceExample
from crosslift.encoder.inputs import Inputs
from crosslift.errors import DataError
from crosslift.finetune.bases.batch import LabelledBatch, ModelInput
from crosslift.finetune.bases.combined import Combined
from crosslift.finetune.consistency import symmetric_divergence
from crosslift.heads.task_model import TaskModel
from crosslift.train.batches import Stream
from crosslift.train.task_items import Item, MultipleChoiceItem
from crosslift.train.tokenized_tasks import asked, task_items
from tests.tiny import TEXTS
from tests.unit.finetune.cases import batch_of, combined, items_of, model_of, trained

Checkpoint = Callable[[str], Path]


@pytest.fixture(scope="module")
def model(checkpoint: Checkpoint) -> TaskModel:
    return model_of(checkpoint("bert"), "multiple_choice")


def text_of(model: TaskModel, inputs: Inputs, row: int) -> str:
    return str(model.encoder.tokenizer.decode(inputs.ids[row][inputs.mask[row].bool()]))


def items(model: TaskModel, *examples: MultipleChoiceExample) -> list[Item]:
    return list(task_items(model.encoder, examples, "multiple_choice", (), max_length=48, language="en"))


def test_a_row_is_premise_and_question_and_one_choice(model: TaskModel) -> None:
    example = MultipleChoiceExample("0", TEXTS[0], "cause", (TEXTS[1], TEXTS[4]), 1)
    (item,) = items(model, example)
    wanted = model.encoder.tokenize([f"{TEXTS[0]} What was the cause?"] * 2, example.choices, max_length=48)
    assert [row.tokens.ids for row in item.rows] == [tokens.ids for tokens in wanted]
    assert [row.tokens.segments for row in item.rows] == [tokens.segments for tokens in wanted]
    assert (item.label, item.example, len(item)) == (1, 0, 2 * max(len(row) for row in item.rows))
    assert asked("Why did Remy do this?") == "Why did Remy do this?"


def test_the_loss_is_cross_entropy_over_the_choices_of_an_example(model: TaskModel) -> None:
    method = combined(("plain", {}))
    batch = batch_of(method, model)
    assert batch.labels is not None
    scores = [model.logits(batch.inputs.select(torch.tensor([row]))) for row in range(len(batch.inputs))]
    by_hand = [
        functional.cross_entropy(torch.cat(scores[3 * i : 3 * i + 3]), label) for i, label in enumerate(batch.labels)
    ]
    (loss,) = method.loss(model, batch).values()
    torch.testing.assert_close(loss, torch.stack(by_hand).mean())
    assert method.num_targets(batch) == len(batch) == len(batch.labels) == 8


def test_selected_examples_keep_their_rows(model: TaskModel) -> None:
    batch = batch_of(combined(("random_perturbation", {}), ("code_switch", {}), ("consistency", {})), model)
    chosen = batch.select(torch.tensor([5, 0]))
    rows = [15, 16, 17, 0, 1, 2]
    assert batch.labels is not None
    assert chosen.labels is not None
    assert chosen.labels.tolist() == batch.labels[[5, 0]].tolist()
    for whole, part in ((batch.inputs, chosen.inputs), (batch.view, chosen.view)):
        assert whole is not None
        assert part is not None
        assert [text_of(model, part, row) for row in range(6)] == [text_of(model, whole, row) for row in rows]
    assert torch.equal(chosen.drawn[0].values, batch.drawn[0].values[rows])  # type: ignore[union-attr]
    both = batch.inputs.lengths.view(8, 3).sum(1) + batch.view.lengths.view(8, 3).sum(1)  # type: ignore[union-attr]
    assert torch.equal(chosen.lengths, both[[5, 0]])


METHODS = {
    "plain": [("plain", {})],
    "adversarial": [("adversarial", {})],
    "random_perturbation": [("random_perturbation", {"site": "states"})],
    "code_switch": [("code_switch", {})],
    "synonym_smoothing": [("synonym_smoothing", {})],
    "consistency": [("consistency", {}), ("random_perturbation", {})],
}


@pytest.mark.parametrize("name", METHODS)
def test_parts_add_up_to_the_whole(model: TaskModel, name: str) -> None:
    method: Combined = combined(*METHODS[name])
    batch = batch_of(method, model)

    def loss(part: LabelledBatch) -> torch.Tensor:
        return torch.stack(list(method.loss(model, part).values())).sum()

    parts = [batch.select(torch.tensor(examples)) for examples in ([0, 7, 3], [1, 2, 4, 5, 6])]
    weighted = sum(loss(part) * method.num_targets(part) for part in parts) / method.num_targets(batch)
    torch.testing.assert_close(weighted, loss(batch), atol=1e-5, rtol=1e-5)


def test_consistency_compares_distributions_over_the_choices(model: TaskModel) -> None:
    method = combined(("consistency", {"example_weight": 1.0}), ("random_perturbation", {"radius": 2.0}))
    batch = batch_of(method, model)
    assert batch.view is not None
    terms = method.loss(model, batch)
    noisy = combined(("random_perturbation", {"radius": 2.0})).parts[0]
    model_input = noisy.perturb(model, ModelInput(batch.view), batch.drawn[1], lambda _: torch.zeros(()), None)
    clean, view = model.logits(batch.inputs), model.logits(batch.inputs, model_input.embeddings)
    wanted = symmetric_divergence(clean.view(8, 3), view.view(8, 3)) / 8
    assert wanted > 0
    torch.testing.assert_close(terms["consistency"], wanted)


def test_a_teacher_is_matched_over_the_choices(model: TaskModel, tmp_path: Path) -> None:
    model.save(tmp_path / "teacher")
    method = combined(("consistency", {"example_weight": 0.0, "teacher": str(tmp_path / "teacher")}))
    batch, auxiliary = batch_of(method, model), method.auxiliary_module(model)
    assert method.loss(model, batch, auxiliary)["teacher"].abs() < 1e-6
    with torch.no_grad():
        other = model_of(tmp_path / "teacher", "multiple_choice")
        next(p for n, p in other.module.named_parameters() if n == "classifier.weight").mul_(-30)
    assert method.loss(other, batch, auxiliary)["teacher"] > 1e-4


def test_steps_that_are_split_learn_what_whole_ones_do(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = model_of(checkpoint("bert"), "multiple_choice")
    batch = batch_of(combined(("plain", {})), model)
    choices = [batch.class_logits(model.logits(batch.inputs), batch.inputs).softmax(dim=1)]
    for name, settings in {"whole": {}, "parts": {"micro_batch_tokens": 150}}.items():
        states = tmp_path / name
        weights = trained(
            checkpoint("bert"), [("plain", {})], states, task_type="multiple_choice", steps=12, dropout=0.0, **settings
        )
        model.module.load_state_dict(weights)
        # The weights themselves differ where their gradient is only rounding: a bias that all choices share.
        choices.append(batch.class_logits(model.logits(batch.inputs), batch.inputs).softmax(dim=1))
    before, whole, parts = choices
    assert (before - whole).abs().max() > 0.005
    torch.testing.assert_close(parts, whole, atol=2e-5, rtol=1e-4)


def test_a_batch_counts_examples_and_their_padded_tokens(model: TaskModel) -> None:
    made = items_of(model)
    assert all(isinstance(item, MultipleChoiceItem) for item in made)
    stream = Stream(made, [len(item) for item in made], batch_size=8, batch_tokens=200, seed=0)
    for step in range(stream.steps(1)):
        rows = [row for item in stream.batch(step) for row in item.rows]
        assert len(rows) * max(map(len, rows)) <= 200


def test_examples_with_other_numbers_of_choices_are_refused(model: TaskModel) -> None:
    mixed = items(model, *(MultipleChoiceExample(str(i), TEXTS[i], "cause", TEXTS[: 2 + i], 0) for i in range(2)))
    with pytest.raises(DataError, match="example number 1 has 3 choices and example number 0 has 2"):
        combined(("plain", {})).collate(model, mixed, torch.Generator())


def test_an_example_without_a_label_is_not_learned_from(model: TaskModel) -> None:
    method = combined(("plain", {}))
    made = [MultipleChoiceExample(str(i), TEXTS[i], "cause", TEXTS[:2], label) for i, label in enumerate((0, None, 1))]
    batch = method.collate(model, items(model, *made), torch.Generator())
    known = method.collate(model, items(model, made[0], made[2]), torch.Generator())
    assert method.num_targets(batch) == 2
    torch.testing.assert_close(method.loss(model, batch)["task"], method.loss(model, known)["task"])
