"""Questions and answers: the loss is transformers' own, and views never touch an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from crosslift.api import registry
from crosslift.api.examples import Answer, ExtractiveQAExample
from crosslift.encoder.inputs import IGNORED
from crosslift.errors import RecipeError
from crosslift.finetune.bases.word_view import shielded_tokens
from crosslift.finetune.plain import Plain
from crosslift.finetune.self_augment import SelfAugment
from crosslift.finetune.synonym_smoothing import SynonymSmoothing
from crosslift.pipeline.inputs.task_data import TaskData
from crosslift.pipeline.task_training import method_of
from crosslift.recipe import FinetuneTable
from crosslift.tasks.xquad import Xquad
from crosslift.train.task_items import TaskItem, rows_of
from crosslift.train.tokenized_tasks import task_items
from crosslift.train.windows import NOWHERE
from tests.tiny import TEXTS
from tests.unit.finetune.cases import combined, model_of

Checkpoint = Callable[[str], Path]


def items_of(model: Any, **changes: Any) -> list[TaskItem]:
    examples = [
        ExtractiveQAExample(str(i), TEXTS[-1 - i], text, (Answer(text.split()[1], text.index(text.split()[1])),))
        for i, text in enumerate(TEXTS)
    ]
    settings = {"max_length": 48, "language": "en"} | changes
    return rows_of(task_items(model.encoder, examples, "extractive_qa", (), **settings))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("family", ["bert", "xlm", "xlm-roberta", "deberta-v2", "modernbert"])
def test_the_loss_is_that_of_transformers(checkpoint: Checkpoint, family: str) -> None:
    model = model_of(checkpoint(family), "extractive_qa")
    items = items_of(model)
    batch = Plain().collate(model, items, generator())
    assert batch.labels is not None
    assert batch.labels.shape == (len(items), 2)
    theirs = []
    for item in items:  # theirs counts padding among the positions; one row has none
        arguments = model.encoder.arguments(model.encoder.collate([item.tokens]))
        assert isinstance(item.label, tuple)
        start, end = (torch.tensor([position]) for position in item.label)
        theirs.append(model.module(**arguments, start_positions=start, end_positions=end).loss)
    loss = Plain().loss(model, batch)["task"]
    torch.testing.assert_close(loss, torch.stack(theirs).mean(), atol=1e-5, rtol=1e-5)


def test_parts_of_a_batch_add_up_and_what_has_no_answer_does_not_count(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"), "extractive_qa")
    items = items_of(model, max_length=24, doc_stride=6)
    without = TaskItem(items[0].tokens, (IGNORED, IGNORED), 0)
    batch = Plain().collate(model, [*items, without], generator())
    assert Plain().num_targets(batch) == 2 * len(items)
    rows = [torch.arange(3), torch.arange(3, len(batch))]
    parts = [batch.select(each) for each in rows]
    weighted = sum(
        Plain().loss(model, part)["task"] * Plain().num_targets(part) for part in parts
    ) / Plain().num_targets(batch)
    torch.testing.assert_close(weighted, Plain().loss(model, batch)["task"])


def answer_of(item: TaskItem) -> tuple[int, ...]:
    assert isinstance(item.label, tuple)
    return item.tokens.ids[item.label[0] : item.label[1] + 1]


@pytest.mark.parametrize("family", ["bert", "xlm-roberta", "modernbert"])
def test_words_around_an_answer_are_exchanged_and_it_is_not(
    checkpoint: Checkpoint, tmp_path: Path, family: str
) -> None:
    model = model_of(checkpoint(family), "extractive_qa")
    words = {word for text in TEXTS for word in text.split()}
    neighbours = tmp_path / "neighbours.json"
    neighbours.write_text(json.dumps({word: ["Katze liest", "a"] for word in words}))
    view = SynonymSmoothing(neighbours=str(neighbours), exact=False)
    items = [item for item in items_of(model) if item.label != NOWHERE]
    moved = 0
    for seed in range(3):
        for item, seen in zip(items, view.rewrite(model, items, generator(seed)), strict=True):
            assert answer_of(seen) == answer_of(item)
            assert isinstance(seen.label, tuple)
            span = slice(seen.label[0], seen.label[1] + 1)
            assert not any(seen.tokens.special[span])
            assert set(seen.tokens.segments[span]) == {item.tokens.segments[item.label[0]]}
            assert seen.tokens.words is not None
            assert seen.tokens.words[span] == item.tokens.words[slice(item.label[0], item.label[1] + 1)]
            assert sum(seen.tokens.special) == sum(item.tokens.special)
            moved += seen.label != item.label
    assert moved > len(items)


def test_an_answer_takes_the_rest_of_its_words_under_the_shield(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"), "extractive_qa")
    text = "Le chat dort sur le tapis rouge."
    example = ExtractiveQAExample("x", "chat?", text, (Answer("ha", 4),))
    (item,) = rows_of(task_items(model.encoder, [example], "extractive_qa", (), max_length=48, language="en"))
    shielded = shielded_tokens(item, "extractive_qa")
    assert shielded.words is not None
    assert item.tokens.words is not None
    hidden = {
        (item.tokens.segments[place], item.tokens.words[place])
        for place, (before, now) in enumerate(zip(item.tokens.special, shielded.special, strict=True))
        if now and not before
    }
    assert hidden == {(1, 1)}  # all of "chat" in the context, and not the question's
    nowhere = TaskItem(item.tokens, (0, 0), 0)
    assert shielded_tokens(nowhere, "extractive_qa").special == item.tokens.special


def test_self_augmentation_leaves_answers(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"), "extractive_qa")
    items = items_of(model)
    method = SelfAugment(share=1.0)
    method.begin(model_encoder(checkpoint), items[:2], {})
    for item, seen in zip(items, method.rewrite(model, items, generator()), strict=True):
        assert seen.label == item.label
        assert answer_of(seen) == answer_of(item)
        changed = [a != b for a, b in zip(item.tokens.ids, seen.tokens.ids, strict=True)]
        assert any(changed)


def model_encoder(checkpoint: Checkpoint) -> Any:
    from crosslift.encoder.encoder import Encoder

    return Encoder.load(checkpoint("bert"))


def test_predictions_are_compared_start_with_start_and_end_with_end(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"), "extractive_qa")
    method = combined(("consistency", {"example_weight": 2.0}), ("random_perturbation", {"radius": 0.2}))
    batch = method.collate(model, items_of(model), generator())
    terms = method.loss(model, batch)
    assert terms["consistency"] > 0
    still = combined(("consistency", {"example_weight": 2.0}), ("random_perturbation", {"radius": 0.0}))
    same = still.loss(model, still.collate(model, items_of(model), generator()))
    assert float(same["consistency"].detach()) == pytest.approx(0, abs=1e-5)  # without dropout


@pytest.mark.parametrize("view", ["code_switch", "synonym_smoothing"])
def test_positions_are_not_compared_where_they_move(view: str) -> None:
    methods = [{"use": "consistency"}, {"use": view}]
    data = TaskData(Xquad(), "en", (), [], [])
    table = FinetuneTable.model_validate({"task": "xquad", "method": methods})
    with pytest.raises(RecipeError, match=rf"method.1 and finetune.method.0: '{view}' moves .* 'consistency' compares"):
        method_of(table, data)
    alone = FinetuneTable.model_validate({"task": "xquad", "method": methods[1:]})
    assert len(method_of(alone, data).parts) == 1


REASONS = {
    "text_to_text": "not generated",
    "cross_aligner": "other positions in the translation",
    "translated": "other positions in the translation",
    "label_aware_joint": "not labels that examples could share",
    "label_contrastive": "not labels that examples could share",
    "synthetic_adversarial": "would move the answer",
}


def test_every_method_reads_answers_or_says_why_not() -> None:
    methods = {name: registry.load("finetune", name) for name in registry.entries("finetune")}
    assert {name for name, method in methods.items() if "extractive_qa" not in method.task_types} == set(REASONS)


@pytest.mark.parametrize("method", REASONS)
def test_methods_without_a_reading_of_answers_say_why(method: str) -> None:
    table = FinetuneTable.model_validate({"task": "xquad", "method": [{"use": method}]})
    expected = rf"'{method}' is defined for sentence, pair.*'xquad' is a 'extractive_qa' task \(.*{REASONS[method]}.*\)"
    with pytest.raises(RecipeError, match=expected):
        method_of(table, TaskData(Xquad(), "en", (), [], []))
