"""Text to text: what it equals, what it goes together with, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED
from crosslift.errors import RecipeError
from crosslift.evaluation.predict import predict
from crosslift.finetune.bases.batch import ModelInput
from crosslift.finetune.bases.label_prompts import prompt_for, words_for
from crosslift.finetune.text_to_text import TextToText
from crosslift.heads.label_words import token_ids_of
from crosslift.heads.task_model import TaskModel
from tests.unit.finetune.cases import LABELS, Methods, batch_of, combined, examples, items_of, model_for, trained

Checkpoint = Callable[[str], Path]
WORDS = {"yes": "red cat", "no": "a book", "perhaps": "red man"}
NLI = ("entailment", "neutral", "contradiction")
SPOKEN: tuple[str, dict[str, Any]] = ("text_to_text", {"label_words": WORDS})


def model(directory: Path, **settings: Any) -> TaskModel:
    return model_for(TextToText(label_words=WORDS, **settings), directory)


def lexicon(folder: Path) -> str:
    path = folder / "en-de.txt"
    path.write_text("cat\tKatze\nred\troten\nman\tMann\ntask\tMatte\npremise\tMatte\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("family", ["t5", "mt5"])
def test_predictions_are_the_most_probable_words(checkpoint: Checkpoint, family: str, tmp_path: Path) -> None:
    made = model(checkpoint(family))
    whole = transformers.AutoModelForSeq2SeqLM.from_pretrained(checkpoint(family)).eval()
    words = token_ids_of(made.encoder.tokenizer, made.module.wording)
    best = []
    for item in items_of(made):
        scores = []
        for word in words:
            ids, read = torch.tensor([item.tokens.ids]), torch.tensor([[0, *word[:-1]]])
            with torch.no_grad():
                found = whole(input_ids=ids, decoder_input_ids=read).logits[0].log_softmax(-1)
            scores.append(float(found[range(len(word)), list(word)].sum()))
        best.append(LABELS[scores.index(max(scores))])
    records = predict(made.train(), examples(), language="en", max_length=48)
    assert [record["prediction"] for record in records] == best
    made.save(tmp_path)
    assert predict(TaskModel.load(tmp_path), examples(), language="en", max_length=48) == records


@pytest.mark.parametrize("family", ["t5", "mt5"])
def test_loss_over_tokens_is_that_of_the_whole_model(checkpoint: Checkpoint, family: str) -> None:
    method = TextToText(label_words=WORDS, loss="tokens", ends=True)
    made = model_for(method, checkpoint(family))
    config = transformers.AutoConfig.from_pretrained(checkpoint(family))
    config.decoder_start_token_id = 0  # the published checkpoints say so
    whole = transformers.AutoModelForSeq2SeqLM.from_pretrained(checkpoint(family), config=config).eval()
    total = 0.0
    for item in items_of(made):
        written = made.encoder.tokenizer(WORDS[LABELS[item.label]], return_tensors="pt")["input_ids"]
        with torch.no_grad():
            total += float(whole(input_ids=torch.tensor([item.tokens.ids]), labels=written).loss * written.numel())
    assert method.loss(made, batch_of(method, made))["task"].item() == pytest.approx(total / 8, rel=1e-5)


def test_loss_over_labels_leaves_other_words_out(checkpoint: Checkpoint) -> None:
    method = TextToText(label_words=WORDS)
    made = model_for(method, checkpoint("t5"))
    batch = batch_of(method, made)
    scores = made.logits(batch.inputs)
    shares = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
    expected = -shares[torch.arange(8), batch.labels].log().mean()
    torch.testing.assert_close(method.loss(made, batch)["task"], expected)
    labels = batch.labels.clone()
    labels[1:] = IGNORED
    for over in (method, TextToText(label_words=WORDS, loss="tokens")):
        one = over.task_loss(scores[:1], labels[:1])
        torch.testing.assert_close(over.task_loss(scores, labels), one)


@pytest.mark.parametrize("settings", [{}, {"loss": "tokens"}, {"normalise": True, "ends": True}])
@pytest.mark.parametrize("family", ["t5", "mt5"])
def test_it_learns(checkpoint: Checkpoint, tmp_path: Path, family: str, settings: dict[str, Any]) -> None:
    method = TextToText(label_words=WORDS, **settings)
    made = model_for(method, checkpoint(family))
    batch = batch_of(method, made)
    before = method.loss(made, batch)["task"].item()
    methods: Methods = [("text_to_text", {"label_words": WORDS, **settings})]
    made.module.load_state_dict(trained(checkpoint(family), methods, tmp_path, steps=30, learning_rate=5e-3))
    assert method.loss(made, batch)["task"].item() < 0.9 * before


@pytest.mark.parametrize(
    "off",
    [
        ("code_switch", {"word_ratio": 0}),
        ("consistency", {"example_weight": 0}),
        ("label_contrastive", {"contrast_weight": 0}),
        ("random_perturbation", {"radius": 0}),
        ("adversarial", {"radius": 0}),
        ("synonym_smoothing", {"count": 0}),
    ],
)
def test_with_what_is_switched_off_it_is_alone(checkpoint: Checkpoint, tmp_path: Path, off: Any) -> None:
    alone = trained(checkpoint("t5"), [SPOKEN], tmp_path / "alone", steps=2)
    added = trained(checkpoint("t5"), [SPOKEN, off], tmp_path / "added", steps=2)
    assert all(torch.equal(value, added[name]) for name, value in alone.items())


def test_views_and_noise_leave_the_prompt_alone(checkpoint: Checkpoint, tmp_path: Path) -> None:
    switch = ("code_switch", {"lexicon": lexicon(tmp_path), "word_ratio": 1.0})
    prompt = ("text_to_text", {"label_words": WORDS, "prompt": "premise {first} task {second} red"})
    method = combined(prompt, switch, ("random_perturbation", {"radius": 0.5}), ("consistency", {}))
    made = model_for(method, checkpoint("t5"))
    made.encoder.tokenizer.model_max_length = 512
    items = items_of(made, max_length=512)
    batch = method.collate(made, items, torch.Generator().manual_seed(0))
    assert batch.view is not None
    for row in range(8):
        own = [side.ids[row][side.special[row] & side.mask[row].bool()] for side in (batch.inputs, batch.view)]
        assert torch.equal(*own)
    assert not torch.equal(batch.inputs.ids, batch.view.ids)
    model_input = method.parts[2].perturb(made, ModelInput(batch.view), batch.drawn[2], lambda _: torch.zeros(()), None)
    assert model_input.embeddings is not None
    moved = (model_input.embeddings - made.encoder.embed(batch.view.ids)).norm(dim=-1)
    assert (moved[batch.view.special] == 0).all()
    assert (moved[~batch.view.special] > 0).all()


def test_all_terms_reach_the_encoder_and_the_decoder(checkpoint: Checkpoint, tmp_path: Path) -> None:
    others: Methods = [
        ("code_switch", {"lexicon": lexicon(tmp_path)}),
        ("adversarial", {"radius": 0.1}),
        ("consistency", {}),
        ("label_contrastive", {"pooling": "mean_no_special"}),
    ]
    method = combined(SPOKEN, *others)
    made = model_for(method, checkpoint("t5"))
    terms = method.loss(made, batch_of(method, made))
    assert set(terms) == {"task", "view", "consistency", "label_contrastive"}
    terms["label_contrastive"].backward(retain_graph=True)
    whole = made.module.whole
    assert whole.encoder.block[0].layer[0].SelfAttention.q.weight.grad.abs().sum() > 0
    assert whole.decoder.block[0].layer[0].SelfAttention.q.weight.grad is None
    terms["consistency"].backward()
    assert whole.decoder.block[0].layer[0].SelfAttention.v.weight.grad.abs().sum() > 0


def test_prompts_and_words_that_nobody_gave() -> None:
    flan = prompt_for("flan", task="xnli", task_type="pair", labels=NLI)
    assert flan == "Premise: {first} Hypothesis: {second} Does the premise entail the hypothesis?"
    assert words_for("flan", NLI) == {"entailment": "yes", "neutral": "maybe", "contradiction": "no"}
    assert prompt_for("t5", task="xnli", task_type="pair", labels=NLI) == "xnli: premise: {first} hypothesis: {second}"
    assert prompt_for("t5", task="other", task_type="pair", labels=NLI) == "mnli premise: {first} hypothesis: {second}"
    assert words_for("t5", ("set_alarm", "no")) == {"set_alarm": "set alarm", "no": "no"}
    assert prompt_for("t5", task="topic", task_type="sentence", labels=("a", "b")) == "topic sentence: {text}"
    assert "{first}" in prompt_for("flan", task="other", task_type="pair", labels=("a", "b"))


def test_the_style_goes_by_the_name_unless_given(checkpoint: Checkpoint, tmp_path: Path) -> None:
    encoder = Encoder.load(checkpoint("t5"))
    facts: dict[str, Any] = {"task": "xnli", "task_type": "pair", "labels": NLI, "seed": 0}
    assert TextToText().head(encoder, **facts).wording.words == NLI
    asked = TextToText(style="flan", label_words=dict(zip(NLI, WORDS.values(), strict=True)))
    assert "entail the hypothesis?" in asked.head(encoder, **facts).wording.prompt
    (tmp_path / "flan-tiny").symlink_to(checkpoint("t5"))
    with pytest.raises(RecipeError, match=r"label_words.entailment: .* cannot write 'yes'"):  # no y in the tiny texts
        TextToText().head(Encoder.load(tmp_path / "flan-tiny"), **facts)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"label_words": {**WORDS, "maybe": "cat"}},
            r"method.0.label_words.maybe: unknown label 'maybe'.*available: yes, no",
        ),
        ({"label_words": {"yes": "cat"}}, r"method.0.label_words: no word for no, perhaps"),
        ({"label_words": {**WORDS, "no": "red cat"}}, r"method.0.label_words: the word of 'no'"),
        ({"label_words": WORDS, "prompt": "{text}"}, r"method.0.prompt: unknown placeholder '{text}' in '{text}'"),
        ({"label_words": WORDS, "prompt": "{first}"}, r"method.0.prompt: '{first}' has {second} 0 times"),
    ],
)
def test_mistakes_name_their_key(checkpoint: Checkpoint, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        model_for(combined(("text_to_text", settings)), checkpoint("t5"))


def test_two_heads_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"finetune.method.0 and finetune.method.2: both make the head"):
        combined(SPOKEN, ("plain", {}), SPOKEN)


def test_a_teacher_speaks_too(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model(checkpoint("t5")).save(tmp_path)
    method = combined(SPOKEN, ("consistency", {"example_weight": 0, "teacher": str(tmp_path)}))
    made = model_for(method, checkpoint("t5"))
    terms = method.loss(made, batch_of(method, made), method.auxiliary_module(made))
    assert terms["teacher"].item() == pytest.approx(0, abs=1e-5)
