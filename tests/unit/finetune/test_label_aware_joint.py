"""Label names as classifier, and contrast at three levels: what they equal, by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED
from crosslift.errors import RecipeError
from crosslift.evaluation.predict import predict
from crosslift.finetune.bases.batch import ModelInput, Pass
from crosslift.finetune.bases.span_contrast import span_contrast, spans_of, word_contrast, words_of
from crosslift.finetune.label_aware_joint import LabelAwareJoint
from crosslift.heads.label_names import LabelNames
from crosslift.heads.task_model import TaskModel
from crosslift.losses import info_nce
from tests.tiny import TEXTS
from tests.unit.finetune.cases import LABELS, batch_of, combined, examples, items_of, model_for, model_of, trained

Checkpoint = Callable[[str], Path]
NAMES = {"yes": "the red cat", "no": "a book", "perhaps": "a man in the garden"}
BIO = ("O", "B-cat", "I-cat")
OFF = {"label_semantics": "none", "utterance_weight": 0, "slot_weight": 0, "word_weight": 0}


def switch(folder: Path, ratio: float = 1.0) -> tuple[str, dict[str, Any]]:
    path = folder / "en-de.txt"
    path.write_text("cat\tKatze\nred\troten\nman\tMann\nbook\tBuch\nthe\tder\n", encoding="utf-8")
    return "code_switch", {"lexicon": str(path), "word_ratio": ratio}


def passes(model: TaskModel, method: Any) -> tuple[Pass, Pass]:
    """Return the passes over the sentences and over what stands beside them."""
    batch = batch_of(method, model)
    assert batch.view is not None
    sides = (batch.inputs, batch.view)
    clean, view = (Pass(ModelInput(x), ModelInput(x).output(model), batch.labels_of(x)) for x in sides)
    return clean, view


@pytest.mark.parametrize("task_type", ["sentence", "pair", "tagging"])
@pytest.mark.parametrize("semantics", ["add", "replace"])
def test_logits_are_cosines_to_the_names(checkpoint: Checkpoint, task_type: str, semantics: Any) -> None:
    method = LabelAwareJoint(label_semantics=semantics, label_names=NAMES, label_temperature=0.5)
    model = model_for(method, checkpoint("bert"), task_type)
    assert isinstance(model.module, LabelNames)
    inputs = batch_of(method, model).inputs
    states = model.encoder.encode(inputs)
    vectors = states if task_type == "tagging" else model.encoder.pool(states, inputs, "mean")
    for number, label in enumerate(LABELS):
        read = model.encoder.collate(model.encoder.tokenize([NAMES[label]]))
        name = model.encoder.encode(read)[0, 1:-1].mean(dim=0)
        expected = functional.cosine_similarity(vectors, name, dim=-1) / 0.5
        if semantics == "add":
            expected = expected + model.module.classifier(vectors)[..., number]
        torch.testing.assert_close(model.logits(inputs)[..., number], expected, atol=1e-5, rtol=1e-4)


def test_names_are_trained_along(checkpoint: Checkpoint) -> None:
    """A token that only a name has gets a gradient, even if noise is added to the sentences' states."""
    names = {**NAMES, "no": "z"}
    method = combined(
        ("label_aware_joint", {"label_names": names}), ("random_perturbation", {"site": "states", "radius": 0.1})
    )
    model = model_for(method, checkpoint("bert"))
    batch = batch_of(method, model)
    (token,) = model.encoder.tokenize(["z"])[0].ids[1:-1]
    assert not any((side.ids == token).any() for side in (batch.inputs, batch.view) if side is not None)
    torch.stack(list(method.loss(model, batch).values())).sum().backward()
    assert model.encoder.base.get_input_embeddings().weight.grad[token].abs().sum() > 0


@pytest.mark.parametrize("family", ["bert", "t5"])
@pytest.mark.parametrize("task_type", ["pair", "tagging"])
def test_saved_and_loaded_it_predicts_the_same(
    checkpoint: Checkpoint, tmp_path: Path, family: str, task_type: str
) -> None:
    model = model_for(LabelAwareJoint(label_names=NAMES, label_semantics="add"), checkpoint(family), task_type)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    model.save(tmp_path)
    again = TaskModel.load(tmp_path)
    assert isinstance(again.module, LabelNames)
    assert again.module.names == tuple(NAMES[label] for label in LABELS)
    before, after = (predict(each, examples(task_type), language="en", max_length=48) for each in (model, again))
    assert before == after


@pytest.mark.parametrize("task_type", ["pair", "sentence", "tagging"])
def test_switched_off_it_is_plain(checkpoint: Checkpoint, tmp_path: Path, task_type: str) -> None:
    plain = trained(checkpoint("bert"), [("plain", {})], tmp_path / "plain", task_type=task_type)
    off = trained(checkpoint("bert"), [("label_aware_joint", OFF)], tmp_path / "off", task_type=task_type)
    assert all(torch.equal(value, off[key]) for key, value in plain.items())


def test_utterances_are_contrasted_with_their_views(checkpoint: Checkpoint, tmp_path: Path) -> None:
    method = combined(switch(tmp_path), ("label_aware_joint", {"label_semantics": "none", "utterance_weight": 0.7}))
    model = model_for(method, checkpoint("bert"))
    terms = method.loss(model, batch_of(method, model))
    assert set(terms) == {"task", "view", "utterance"}
    clean, view = passes(model, method)
    vectors = [model.encoder.pool(each.output.states, each.inputs, "mean") for each in (clean, view)]
    expected = 0.7 * info_nce(*vectors, temperature=0.1, same_language_negatives=True)
    torch.testing.assert_close(terms["utterance"], expected)


def test_words_are_found_by_their_tags(checkpoint: Checkpoint, tmp_path: Path) -> None:
    method = combined(switch(tmp_path), ("label_aware_joint", OFF | {"word_weight": 1.0}))
    model = model_of(checkpoint("bert"), "tagging")
    for done in passes(model, method):
        for row, text in zip(words_of(done), TEXTS, strict=True):
            assert len(row) == len(text.split())
            for word in row:
                number, start, stop = word.place
                assert done.inputs.ids[number, start:stop].tolist() == list(word.subwords)
    clean = [
        [model.encoder.tokenizer.decode(word.subwords) for word in row] for row in words_of(passes(model, method)[0])
    ]
    assert clean[0][:3] == ["The", "cat", "sleeps"]


def test_word_contrast_by_hand(checkpoint: Checkpoint, tmp_path: Path) -> None:
    method = combined(switch(tmp_path), ("label_aware_joint", OFF | {"word_weight": 0.5}))
    model = model_for(method, checkpoint("bert"), "tagging")
    clean, view = passes(model, method)
    losses = []
    for words, others in zip(words_of(clean), words_of(view), strict=True):
        for place, (word, other) in enumerate(zip(words, others, strict=True)):
            if word.subwords == other.subwords:
                continue
            row, start, stop = other.place
            anchor = view.output.states[row, start:stop].mean(0)
            scores = [
                functional.cosine_similarity(anchor, clean.output.states[r, a:b].mean(0), dim=0) / 0.1
                for r, a, b in (each.place for each in words)
            ]
            losses.append(-torch.stack(scores).log_softmax(0)[place])
    assert len(losses) > 4
    found = method.loss(model, batch_of(method, model))["word"]
    torch.testing.assert_close(found, 0.5 * torch.stack(losses).mean(), atol=1e-5, rtol=1e-4)
    assert word_contrast(clean, clean, temperature=0.1) == 0


def test_spans_are_contrasted_and_equal_ones_are_no_negatives(checkpoint: Checkpoint, tmp_path: Path) -> None:
    method = combined(switch(tmp_path), ("label_aware_joint", OFF | {"slot_weight": 1.0}))
    model = model_of(checkpoint("bert"), "tagging")
    clean, view = passes(model, method)

    def tagged(done: Pass) -> Pass:
        """Tag the second and the third word of each sentence as one span."""
        tags = torch.zeros_like(done.labels).masked_fill(done.labels == IGNORED, IGNORED)
        for row in words_of(done):
            for number, tag in ((1, 1), (2, 2)):
                tags[row[number].place[0], row[number].place[1]] = tag
        return Pass(done.model_input, done.output, tags)

    clean, view = tagged(clean), tagged(view)
    spans = []
    for done in (clean, view):
        ends = [(row[1].place[0], row[1].place[1], row[2].place[2]) for row in words_of(done)]
        spans.append(torch.stack([done.output.states[row, start:stop].mean(0) for row, start, stop in ends]))
    expected = info_nce(*spans, temperature=0.2, same_language_negatives=True)
    torch.testing.assert_close(span_contrast(clean, view, BIO, temperature=0.2), expected)
    first = clean.inputs.select(torch.tensor([0, 0]))
    output = ModelInput(first).output(model)
    twins = Pass(ModelInput(first), output, tagged(clean).labels[[0, 0], : first.ids.shape[1]])
    assert span_contrast(twins, twins, BIO, temperature=0.2).item() == pytest.approx(0, abs=1e-6)
    nothing = Pass(clean.model_input, clean.output, clean.labels.clamp(max=0))
    assert span_contrast(nothing, nothing, BIO, temperature=0.2) == 0


def test_spans_of_tags_that_are_no_bio_are_words() -> None:
    assert spans_of(["NOUN", "O", "VERB", "VERB"]) == [(0, 1), (2, 3), (3, 4)]
    assert spans_of(["I-a", "I-a", "O", "I-a", "B-a", "I-a"]) == [(0, 2), (3, 4), (4, 6)]


def test_all_levels_go_together_and_order_does_not_matter(checkpoint: Checkpoint, tmp_path: Path) -> None:
    method = combined(switch(tmp_path), ("label_aware_joint", {"label_names": NAMES}))
    model = model_for(method, checkpoint("bert"), "tagging")
    batch = batch_of(method, model)
    terms = method.loss(model, batch)
    assert set(terms) == {"task", "view", "utterance", "slot", "word"}
    turned = batch.select(torch.arange(len(batch)).flip(0))
    torch.testing.assert_close(method.loss(model, turned), terms, atol=1e-5, rtol=1e-4)


def test_with_text_to_text_it_is_contrast_alone(checkpoint: Checkpoint, tmp_path: Path) -> None:
    spoken = ("text_to_text", {"label_words": {"yes": "red cat", "no": "a book", "perhaps": "red man"}})
    method = combined(spoken, switch(tmp_path), ("label_aware_joint", {"label_semantics": "none"}))
    model = model_for(method, checkpoint("t5"))
    assert set(method.loss(model, batch_of(method, model))) == {"task", "view", "utterance"}
    with pytest.raises(RecipeError, match=r"method.0 and finetune.method.1: both make the head"):
        combined(spoken, ("label_aware_joint", {}))


@pytest.mark.parametrize(
    ("names", "message"),
    [({"maybe": "x"}, r"method.0.label_names.maybe: unknown label"), ({"no": " "}, r"label_names.no: .*is empty")],
)
def test_wrong_names_are_told(checkpoint: Checkpoint, names: dict[str, str], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        model_for(combined(("label_aware_joint", {"label_names": names})), checkpoint("bert"))


def test_the_encoder_that_it_starts_from_stays(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    head = LabelAwareJoint().head(encoder, task="t", task_type="pair", labels=LABELS, seed=0)
    assert head is not None
    assert not {id(p) for p in encoder.parameters()} & {id(p) for p in head.parameters()}
    assert len(items_of(TaskModel.create(encoder, "pair", LABELS, seed=0, head=head))) == len(TEXTS)
