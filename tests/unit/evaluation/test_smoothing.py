"""Smoothed predictions: plain without changes, else a combination of changed inputs, whatever the batch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import torch

from crosslift.api.examples import PairExample
from crosslift.api.records import Record
from crosslift.encoder.encoder import Encoder
from crosslift.errors import InputError
from crosslift.evaluation.predict import predict
from crosslift.evaluation.smoothing import Smoothing, predict_smoothed
from crosslift.heads.input_settings import InputSettings
from crosslift.heads.task_model import TaskModel
from tests.tiny import TEXTS
from tests.unit.finetune.cases import LABELS, examples, model_of

Checkpoint = Callable[[str], Path]
FAMILY = "xlm-roberta"
WORDS = {
    word: [other for other in ("Katze", "chat", "kot") if other != word] for text in TEXTS for word in text.split()
}


def smoothed(checkpoint: Checkpoint, task_type: str, smoothing: Smoothing | None, **settings: Any) -> list[Record]:
    model = model_of(checkpoint(FAMILY), task_type)
    return predict_smoothed(model, examples(task_type), smoothing=smoothing, language="en", max_length=48, **settings)


def noise(radius: float = 2.0, **settings: Any) -> Smoothing:
    return Smoothing.by("random_perturbation", radius=radius, **settings)


@pytest.fixture
def synonyms(tmp_path: Path) -> Callable[..., Smoothing]:
    def made(words: dict[str, list[str]], **settings: Any) -> Smoothing:
        path = tmp_path / f"{len(words)}.json"
        path.write_text(json.dumps(words), encoding="utf-8")
        return Smoothing.by("synonym_smoothing", neighbours=str(path), exact=False, **settings)

    return made


@pytest.mark.parametrize("task_type", ["sentence", "pair", "tagging", "multiple_choice"])
def test_without_change_it_is_plain_prediction_bit_for_bit(
    checkpoint: Checkpoint, task_type: str, synonyms: Callable[..., Smoothing]
) -> None:
    model = model_of(checkpoint(FAMILY), task_type)
    plain = predict(model, examples(task_type), language="en", max_length=48)
    for combine in ("average", "majority"):
        assert smoothed(checkpoint, task_type, None) == plain
        assert smoothed(checkpoint, task_type, noise(samples=0, combine=combine)) == plain
        assert smoothed(checkpoint, task_type, noise(0.0, combine=combine)) == plain
        # Seven samples are drawn and averaged: no word has a neighbour, so each is the unchanged text.
        assert smoothed(checkpoint, task_type, synonyms({}, samples=7, combine=combine)) == plain


def test_a_model_that_reads_second_texts_alone_does_so_smoothed(checkpoint: Checkpoint) -> None:
    pairs = [PairExample(str(place), text, TEXTS[1]) for place, text in enumerate(TEXTS[2:4])]
    encoder = Encoder.load(checkpoint(FAMILY))
    model = TaskModel.create(encoder, "pair", ("a", "b"), seed=0, input_settings=InputSettings(texts="second"))
    one, other = predict_smoothed(model, pairs, smoothing=noise(samples=2), language="en", max_length=48)
    assert one["probability"] == other["probability"]


@pytest.mark.parametrize("task_type", ["pair", "tagging", "multiple_choice"])
@pytest.mark.parametrize("way", ["noise", "words"])
def test_it_depends_on_seed_and_text_and_not_on_the_batch(
    checkpoint: Checkpoint, task_type: str, way: str, synonyms: Callable[..., Smoothing]
) -> None:
    def made(seed: int) -> Smoothing:
        return noise(samples=2, seed=seed) if way == "noise" else synonyms(WORDS, samples=2, seed=seed)

    model = model_of(checkpoint(FAMILY), task_type)
    first, again, other = (made(seed) for seed in (0, 0, 1))
    batched = smoothed(checkpoint, task_type, first)
    assert smoothed(checkpoint, task_type, again) == batched
    assert smoothed(checkpoint, task_type, other) != batched or task_type == "tagging"
    _alike(smoothed(checkpoint, task_type, first, batch_tokens=1), batched)
    alone = [
        record
        for example in reversed(examples(task_type))
        for record in predict_smoothed(model, [example], smoothing=first, language="en", max_length=48)
    ]
    _alike(alone[::-1], batched)


def _alike(found: list[Record], wanted: list[Record]) -> None:
    assert [row["prediction"] for row in found] == [row["prediction"] for row in wanted]
    if "probability" in wanted[0]:
        expected = pytest.approx([row["probability"] for row in wanted], abs=2e-6)
        assert [row["probability"] for row in found] == expected


@torch.inference_mode()
def test_samples_are_averaged_or_counted(checkpoint: Checkpoint) -> None:
    model, smoothing = model_of(checkpoint(FAMILY), "sentence"), noise(8.0, samples=5)
    texts = [example.text for example in examples("sentence")]  # type: ignore[union-attr]
    inputs = model.encoder.collate(model.encoder.tokenize(texts))
    each = torch.stack([smoothing.logits(model, inputs, sample).softmax(dim=-1) for sample in range(5)])
    assert not torch.allclose(each[0], each[1], atol=1e-3)
    mean, votes = each.mean(dim=0), each.argmax(dim=-1)
    averaged = smoothed(checkpoint, "sentence", smoothing)
    assert [row["prediction"] for row in averaged] == [LABELS[index] for index in mean.argmax(dim=-1)]
    assert [row["probability"] for row in averaged] == pytest.approx(mean.max(dim=-1).values.tolist(), abs=2e-6)
    counted = smoothed(checkpoint, "sentence", noise(8.0, samples=5, combine="majority"))
    for row, ballots, average in zip(counted, votes.T.tolist(), mean.tolist(), strict=True):
        most = max(range(3), key=lambda label: (ballots.count(label), average[label]))
        assert row["prediction"] == LABELS[most]
        assert row["probability"] == pytest.approx(average[most], abs=2e-6)


@pytest.mark.parametrize("combine", ["average", "majority"])
def test_a_majority_may_differ_from_an_average(combine: Literal["average", "majority"]) -> None:
    from crosslift.evaluation.smoothing import smoothed_record

    tables = torch.tensor([[0.51, 0.49, 0.0], [0.51, 0.49, 0.0], [0.0, 1.0, 0.0]])
    model: Any = type("Labelled", (), {"labels": LABELS})
    found = smoothed_record(model, examples("sentence")[0], tables, combine)
    assert (found["prediction"], found["probability"]) == {"average": ("no", 0.66), "majority": ("yes", 0.34)}[combine]


def test_noise_stays_in_its_ball_and_off_special_tokens(checkpoint: Checkpoint) -> None:
    model, smoothing = model_of(checkpoint(FAMILY), "sentence"), noise(0.5)
    inputs = model.encoder.collate(model.encoder.tokenize(TEXTS))
    seen = []
    embed = model.encoder.embed
    model.outputs = lambda _inputs, embeddings=None, _shift=None: seen.append(embeddings) or _nothing()  # type: ignore[method-assign,assignment]
    smoothing.logits(model, inputs, 0)
    moved = (seen[0] - embed(inputs.ids)).detach().norm(dim=-1)
    words = ~inputs.special
    norms = embed(inputs.ids).detach().norm(dim=-1) * words
    radii = 0.5 * norms.sum(dim=1) / words.sum(dim=1)
    assert (moved <= radii.unsqueeze(1) + 1e-5).all()
    assert (moved[words] > 0).all()
    assert (moved[~words] == 0).all()


def _nothing() -> Any:
    return type("Output", (), {"logits": None})


def test_what_cannot_be_smoothed_is_refused(checkpoint: Checkpoint) -> None:
    with pytest.raises(InputError, match=r"'adversarial' cannot smooth predictions \(available: random"):
        Smoothing.by("adversarial")
    with pytest.raises(
        InputError,
        match=r"'extractive_qa' tasks are not smoothed \(task types: sentence, pair, tagging, multiple_choice\)",
    ):
        predict_smoothed(
            *(model_of(checkpoint(FAMILY), "extractive_qa"), []), smoothing=noise(), language="en", max_length=48
        )
