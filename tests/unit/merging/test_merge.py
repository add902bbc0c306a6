"""Merging checkpoints: the result loads like any other checkpoint, and errors name what does not fit."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import crosslift
from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError, InputError, RunExistsError
from crosslift.heads.frozen import check_head, freeze_head, head_parameters
from crosslift.heads.label_words import LabelWords, Wording
from crosslift.heads.task_model import TaskModel
from tests.tiny import BUILDERS, LANGUAGE, TEXTS

LABELS = ("yes", "no")
Checkpoint = Callable[[str], Path]


def task_model(directory: Path, labels: tuple[str, ...] = LABELS, *, seed: int = 0, head_from: Path | None = None):
    encoder = Encoder.load(directory)
    model = TaskModel.create(encoder, "sentence", labels, seed=seed)
    if head_from:
        freeze_head(model, encoder, head_from)
    return model


def shifted(model: TaskModel, by: float, output: Path) -> Path:
    """Save a model whose trainable weights are moved, as training would move them."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(by)
    model.save(output)
    return output


def weights(directory: Path) -> dict[str, torch.Tensor]:
    return dict(TaskModel.load(directory).module.state_dict())


@pytest.mark.parametrize("family", ["bert", "deberta-v3", "modernbert", "xlm", "nllb"])
def test_runs_under_one_head_are_merged(checkpoint: Checkpoint, tmp_path: Path, family: str) -> None:
    task_model(checkpoint(family)).save(tmp_path / "first")
    paths = [
        shifted(task_model(checkpoint(family), seed=n, head_from=tmp_path / "first"), 0.1 * n, tmp_path / f"run-{n}")
        for n in (1, 3)
    ]
    average = crosslift.merge(paths, tmp_path / "average")
    arithmetic = crosslift.merge(
        paths, tmp_path / "arithmetic", how="task-arithmetic", base=checkpoint(family), weights=[0.5, 0.5]
    )
    one, two, moved = (weights(path) for path in (*paths, arithmetic))
    model = TaskModel.load(average)
    for name, value in model.module.state_dict().items():
        torch.testing.assert_close(value, (one[name] + two[name]) / 2)
        torch.testing.assert_close(moved[name], value, atol=1e-6, rtol=1e-5)
    tokens = model.encoder.tokenize(TEXTS[:2], language=LANGUAGE.get(family, ("en",))[0])
    assert model.logits(model.encoder.collate(tokens)).isfinite().all()
    assert json.loads((average / "crosslift_merge.json").read_text())["weights"] == [1.0, 1.0]


def card_of(directory: Path) -> tuple[dict[str, Any], str]:
    _, header, body = (directory / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(header), body


def test_the_card_of_a_merge_says_what_it_was_made_of(checkpoint: Checkpoint, tmp_path: Path) -> None:
    start = checkpoint("bert")
    one, two = (shifted(task_model(start, seed=0), 0.1 * n, tmp_path / "runs" / f"r|{n}" / "model") for n in (1, 2))
    (one / "README.md").write_text("---\nlanguage: [en, sw]\nlicense: other\ndatasets: [facebook/xnli]\n---\n# One\n")
    (two / "README.md").write_text("---\nlanguage: en\nlicense: mit\n---\n# Two\n")
    header, body = card_of(crosslift.merge([one, two], tmp_path / "merged", weights=[0.75, 0.25]))
    assert (header["language"], header["license"], header["datasets"]) == (["en", "sw"], "other", ["facebook/xnli"])
    assert header["tags"] == ["crosslift", "merge"]
    assert "base_model" not in header  # directories are no names that anybody else knows
    assert "| runs/r\\|1/model | 0.75 | en, sw |\n| runs/r\\|2/model | 0.25 | en |" in body
    assert str(tmp_path) not in body
    assert "has no scores yet" in body
    assert "crosslift predict" in body


def test_the_card_of_merged_encoders_promises_no_predictions(checkpoint: Checkpoint, tmp_path: Path) -> None:
    merged = crosslift.merge([checkpoint("bert"), checkpoint("bert")], tmp_path / "merged")
    header, body = card_of(merged)
    assert header["license"] == "unknown"
    assert "crosslift predict" not in body
    assert "AutoModel.from_pretrained" in body


def test_a_part_whose_card_cannot_be_read_is_named(
    checkpoint: Checkpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    task_model(checkpoint("bert")).save(tmp_path / "one")
    (tmp_path / "one" / "README.md").write_text("---\nlanguage: [en\n---\n")
    with caplog.at_level(logging.WARNING):
        header, _ = card_of(crosslift.merge([tmp_path / "one"], tmp_path / "merged"))
    assert "language" not in header
    assert f"{tmp_path / 'one' / 'README.md'}: the header is not YAML" in caplog.text


@pytest.mark.parametrize("family", BUILDERS)
def test_a_head_is_taken_whole_and_frozen(checkpoint: Checkpoint, tmp_path: Path, family: str) -> None:
    task_model(checkpoint(family), seed=5).save(tmp_path / "donor")
    encoder = Encoder.load(checkpoint(family))
    model = TaskModel.create(encoder, "sentence", LABELS, seed=0)
    freeze_head(model, encoder, tmp_path / "donor")
    donor = dict(TaskModel.load(tmp_path / "donor").module.named_parameters())
    head = head_parameters(model, encoder)
    assert any("classifier" in name or "sequence_summary" in name for name in head)
    for name, parameter in model.module.named_parameters():
        assert parameter.requires_grad == (name not in head)
        assert name not in head or torch.equal(parameter, donor[name])


def test_a_pooler_that_was_drawn_counts_as_head(checkpoint: Checkpoint) -> None:
    pooled, bare = Encoder.load(checkpoint("bert")), Encoder.load(checkpoint("bert"))
    bare.pooler = None
    for encoder, expected in ((pooled, False), (bare, True)):
        head = head_parameters(TaskModel.create(encoder, "sentence", LABELS, seed=0), encoder)
        assert any(".pooler." in name for name in head) == expected


@pytest.mark.parametrize("how", ["ties", "dare"])
def test_whole_task_vectors_of_one_model_give_it_back(checkpoint: Checkpoint, tmp_path: Path, how: str) -> None:
    path = shifted(task_model(checkpoint("bert")), 0.1, tmp_path / "run")
    merged = crosslift.merge([path], tmp_path / "merged", how=how, base=checkpoint("bert"), density=1.0)
    given, found = weights(path), weights(merged)
    assert given.keys() == found.keys()
    assert all(torch.equal(found[name], value) for name, value in given.items())


@pytest.mark.parametrize("family", ["bert", "modernbert", "t5"])
def test_a_language_vector_of_an_encoder_is_added_to_a_task(
    checkpoint: Checkpoint, tmp_path: Path, family: str
) -> None:
    task = shifted(task_model(checkpoint(family)), 0.1, tmp_path / "task")
    language = Encoder.load(checkpoint(family))
    language.pooler = None
    with torch.no_grad():
        for parameter in language.base.parameters():
            parameter.add_(0.2)
    language.save(tmp_path / "language")
    merged = crosslift.merge(
        [task, tmp_path / "language"], tmp_path / "merged", how="task-arithmetic", base=checkpoint(family)
    )
    before, after = TaskModel.load(task), TaskModel.load(merged)
    for name, parameter in after.encoder.base.named_parameters():
        moved = 0.0 if name.startswith("pooler.") else 0.2
        torch.testing.assert_close(
            parameter, dict(before.encoder.base.named_parameters())[name] + moved, atol=1e-5, rtol=1e-5
        )
    for name, parameter in head_parameters(after, Encoder.load(checkpoint(family))).items():
        assert torch.equal(parameter, dict(before.module.named_parameters())[name])


def test_encoders_are_merged_too(checkpoint: Checkpoint, tmp_path: Path) -> None:
    merged = crosslift.merge([checkpoint("bert")] * 2, tmp_path / "merged")
    state, wanted = Encoder.load(merged).state(), Encoder.load(checkpoint("bert")).state()
    assert state.keys() == wanted.keys()
    assert all(torch.equal(state[name], value) for name, value in wanted.items())


def test_a_decoder_that_writes_label_words_is_merged_along(checkpoint: Checkpoint, tmp_path: Path) -> None:
    wording = Wording("sentence", LABELS, ("red", "cat"), "read: {text}")

    def worded() -> TaskModel:
        encoder = Encoder.load(checkpoint("t5"))
        return TaskModel.create(encoder, "sentence", LABELS, seed=0, head=LabelWords.of(encoder, wording))

    paths = [shifted(worded(), by, tmp_path / str(by)) for by in (0.1, 0.3)]
    merged, wanted = TaskModel.load(crosslift.merge(paths, tmp_path / "merged")), worded()
    assert merged.prompt is not None
    shifts = zip(merged.module.named_parameters(), wanted.module.parameters(), strict=True)
    for (name, found), start in shifts:
        torch.testing.assert_close(found, start + 0.2, msg=name)
    with pytest.raises(CheckpointError, match="of its head differs from that of"):
        crosslift.merge(paths, tmp_path / "out", how="ties", base=checkpoint("t5"))


def test_nothing_is_overwritten_or_left_half(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(RunExistsError, match="never overwritten"):
        crosslift.merge([checkpoint("bert")], tmp_path / "there")
    with pytest.raises(CheckpointError, match="is a 'roberta' model; expected a 'bert' model"):
        crosslift.merge([checkpoint("bert"), checkpoint("roberta")], tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"how": "tie"}, r"unknown merge method 'tie'; did you mean 'ties'\?"),
        ({"how": "ties"}, "base: found none; 'ties' needs the checkpoint"),
        ({"base": "x"}, "base: 'average' has no base"),
        ({"density": 0.5}, "density: 'average' keeps all"),
        ({"how": "dare", "base": "x", "density": 0}, "density: found 0; expected a share above 0"),
        ({"weights": [1, 2, 3]}, "weights: found 3 for 1 models"),
        ({"weights": [-1]}, "with a sum above 0"),
    ],
)
def test_settings_that_do_not_go_together(tmp_path: Path, settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        crosslift.merge(["nowhere"], tmp_path / "out", **settings)  # type: ignore[arg-type]


def test_what_does_not_fit_is_named(checkpoint: Checkpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bert = checkpoint("bert")
    one, two = (shifted(task_model(bert, seed=seed), 0.0, tmp_path / f"run-{seed}") for seed in (0, 1))
    other = shifted(task_model(bert, ("no", "yes")), 0.0, tmp_path / "other")
    with pytest.raises(CheckpointError, match=r"has the labels no, yes; expected those of .*yes, no, in this order"):
        crosslift.merge([one, other], tmp_path / "out")
    with pytest.raises(CheckpointError, match=r"run-1: 'classifier.*finetune\.head_from"):
        crosslift.merge([one, two], tmp_path / "out", how="ties", base=bert)
    with pytest.raises(CheckpointError, match="name the one with the head first"):
        crosslift.merge([bert, one], tmp_path / "out", how="task-arithmetic", base=bert)
    with pytest.raises(CheckpointError, match="has no weight 'classifier"):
        crosslift.merge([one, bert], tmp_path / "out")
    with caplog.at_level(logging.WARNING):
        crosslift.merge([one, two], tmp_path / "out")
    assert "the head of" in caplog.text


def test_another_shape_is_named(checkpoint: Checkpoint, tmp_path: Path) -> None:
    wider = Encoder.load(checkpoint("bert"))
    wider.model.resize_token_embeddings(wider.vocabulary_size + 8)
    wider.save(tmp_path / "wider")
    rows = Encoder.load(checkpoint("bert")).vocabulary_size
    message = rf"wider: 'embeddings.word_embeddings.weight' is \({rows + 8}, 32\); expected \({rows}, 32\) as in"
    with pytest.raises(CheckpointError, match=message):
        crosslift.merge([checkpoint("bert"), tmp_path / "wider"], tmp_path / "out")


def test_a_head_for_something_else_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    task_model(checkpoint("bert")).save(tmp_path / "bert")
    with pytest.raises(CheckpointError, match=r"^here: .*labels yes, no; expected a head for the labels no, yes"):
        check_head(tmp_path / "bert", ("no", "yes"), where="here")
    with pytest.raises(CheckpointError, match=r"^here: .* no task head"):
        check_head(checkpoint("bert"), LABELS, where="here")
    with pytest.raises(CheckpointError, match=r"^here: nowhere/a/b: no such directory"):
        check_head("nowhere/a/b", LABELS, where="here")
    with pytest.raises(CheckpointError, match=r"its head does not fit .*: 'classifier.dense.weight' is missing"):
        task_model(checkpoint("xlm-roberta"), head_from=tmp_path / "bert")
