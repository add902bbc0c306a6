"""What every file on the method shelves must hold, on every encoder family it can run on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from crosslift import _shelf
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.heads import TaskModel
from crosslift.encoder.inputs import IGNORED, Inputs
from crosslift.errors import CheckpointError
from crosslift.tasks._task import PairExample, SentenceExample, TaggingExample
from crosslift.train.batch import Batch
from crosslift.train.features import task_items
from crosslift.train.method import Method
from crosslift.train.pairs import TokenPair
from tests.tiny import BUILDERS, LANGUAGE, TEXTS, WITHOUT_MASKED_HEAD

ALIGN = sorted(_shelf.entries("align"))
FINETUNE = sorted(_shelf.entries("finetune"))
NEEDS_MASKED_HEAD = ("mlm", "tlm")
LABELS = ("yes", "no")
KINDS = ("sentence", "pair", "tagging")
Checkpoint = Callable[[str], Path]


def method_of(shelf: str, name: str) -> Method:
    made: Method = _shelf.load(shelf, name)()
    return made


def align_items(method: Method, encoder: Encoder, family: str) -> list[Any]:
    first, second = LANGUAGE.get(family, (None, None))
    sources = encoder.tokenize(TEXTS[:4], language=first)
    targets = encoder.tokenize(TEXTS[2:6], language=second)
    if method.reads == "text":
        return sources
    return [TokenPair(*pair) for pair in zip(sources, targets, strict=True)]


def task_batch(method: Method, model: TaskModel, family: str) -> Batch:
    language = LANGUAGE.get(family, ("en",))[0]
    examples: list[Any] = {
        "sentence": [SentenceExample(str(i), text, LABELS[i % 2]) for i, text in enumerate(TEXTS)],
        "pair": [PairExample(str(i), text, TEXTS[-i - 1], LABELS[i % 2]) for i, text in enumerate(TEXTS)],
        "tagging": [
            TaggingExample(str(i), tuple(text.split()), tuple(LABELS[len(word) % 2] for word in text.split()))
            for i, text in enumerate(TEXTS)
        ],
    }[model.kind]
    items = task_items(model.encoder, examples, model.kind, LABELS, max_length=48, language=language)
    return method.collate(model, items, generator())


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(7)


def padded(batch: Batch, encoder: Encoder) -> Batch:
    """Return the batch with 20 columns of padding added to every input, or as many as the tiny encoder has room for."""

    def longer(inputs: Inputs) -> Inputs:
        columns = min(20, encoder.max_length - inputs.ids.shape[1])
        assert columns > 0
        fill = {"ids": encoder.pad_id, "mask": 0, "special": True, "segments": 0, "languages": 0, "targets": IGNORED}
        values = {name: getattr(inputs, name) for name in fill}
        return Inputs(
            **{
                name: None if value is None else torch.nn.functional.pad(value, (0, columns), value=fill[name])
                for name, value in values.items()
            }
        )

    changed = {name: longer(value) for name, value in vars(batch).items() if isinstance(value, Inputs)}
    return replace(batch, **changed)


def total(method: Method, model: Any, batch: Batch) -> torch.Tensor:
    terms = method.loss(model, batch)
    assert terms
    return torch.stack(list(terms.values())).sum()


def collated_loss(method: Method, encoder: Encoder, family: str) -> tuple[Batch, torch.Tensor]:
    batch = method.collate(encoder, align_items(method, encoder, family), generator())
    return batch, total(method, encoder, batch)


@pytest.mark.parametrize("name", ALIGN)
@pytest.mark.parametrize("family", BUILDERS)
def test_alignment_objectives_on_every_family(checkpoint: Checkpoint, family: str, name: str) -> None:
    encoder, method = Encoder.load(checkpoint(family)).eval(), method_of("align", name)
    if family in WITHOUT_MASKED_HEAD and name in NEEDS_MASKED_HEAD:
        with pytest.raises(CheckpointError, match="mask"):
            collated_loss(method, encoder, family)
        return
    batch, loss = collated_loss(method, encoder, family)
    assert torch.isfinite(loss)
    assert loss.ndim == 0
    loss.backward()
    gradient = encoder.base.get_input_embeddings().weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0
    longer = total(method, encoder, padded(batch, encoder))
    torch.testing.assert_close(longer, loss, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("name", FINETUNE)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", BUILDERS)
def test_finetuning_methods_on_every_family_and_head(checkpoint: Checkpoint, family: str, kind: Any, name: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    model = TaskModel.create(encoder, kind, LABELS, seed=0).eval()
    method = method_of("finetune", name)
    batch = task_batch(method, model, family)
    loss = total(method, model, batch)
    assert torch.isfinite(loss)
    loss.backward()
    gradient = model.encoder.base.get_input_embeddings().weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0
    assert all(parameter.grad is not None for name, parameter in model.module.named_parameters() if "classif" in name)
    longer = total(method, model, padded(batch, encoder))
    torch.testing.assert_close(longer, loss, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize(("shelf", "name"), [*(("align", n) for n in ALIGN), *(("finetune", n) for n in FINETUNE)])
def test_chance_is_in_collate_alone(checkpoint: Checkpoint, shelf: str, name: str) -> None:
    encoder = Encoder.load(checkpoint("bert")).eval()
    method = method_of(shelf, name)
    if shelf == "align":
        model: Any = encoder
        batches = [method.collate(encoder, align_items(method, encoder, "bert"), generator()) for _ in range(2)]
    else:
        model = TaskModel.create(encoder, "pair", LABELS, seed=0).eval()
        batches = [task_batch(method, model, "bert") for _ in range(2)]
    first, again, repeated = (
        total(method, model, batches[0]),
        total(method, model, batches[0]),
        total(method, model, batches[1]),
    )
    assert first == again == repeated


@pytest.mark.parametrize("name", [name for name in ALIGN if method_of("align", name).splittable])
def test_parts_add_up_to_the_whole(checkpoint: Checkpoint, name: str) -> None:
    encoder, method = Encoder.load(checkpoint("bert")).eval(), method_of("align", name)
    batch = method.collate(encoder, align_items(method, encoder, "bert"), generator())
    parts = [batch.select(torch.tensor(rows)) for rows in ([0], [1, 2, 3])]
    units = [method.units(part) for part in parts]
    weighted = sum(total(method, encoder, part) * unit for part, unit in zip(parts, units, strict=True)) / method.units(
        batch
    )
    assert sum(units) == method.units(batch)
    torch.testing.assert_close(weighted, total(method, encoder, batch), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("shelf", "name"), [*(("align", n) for n in ALIGN), *(("finetune", n) for n in FINETUNE)])
def test_facts_are_filled_in(shelf: str, name: str) -> None:
    entry, method = _shelf.entries(shelf)[name], _shelf.load(shelf, name)
    assert entry.summary.endswith((".", ";"))
    assert "arXiv" in method.paper
    assert "Paper:" in entry.documentation
    assert all(field.description for field in method.model_fields.values())
