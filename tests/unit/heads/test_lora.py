"""LoRA: it starts as the plain model, trains only updates and head, and ends as a plain model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor

from crosslift.encoder.encoder import Encoder
from crosslift.errors import RecipeError
from crosslift.heads.frozen import head_parameters
from crosslift.heads.label_words import LabelWords, Wording
from crosslift.heads.lora import Lora, require_peft, target_layers
from crosslift.heads.task_model import TaskModel
from tests.tiny import BUILDERS, LANGUAGE, TEXTS

Checkpoint = Callable[[str], Path]


def made(directory: Path, **settings: Any) -> tuple[TaskModel, Lora, dict[str, Tensor]]:
    """Return a model with updates, and the plain model's weights before."""
    encoder = Encoder.load(directory)
    model = TaskModel.create(encoder, "sentence", ("a", "b", "c"), seed=0).eval()
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    head = head_parameters(model, encoder).values()
    defaults = {"rank": 2, "alpha": 6.0, "dropout": 0.0, "modules": "attention", "seed": 1}
    return model, Lora(model, head, **{**defaults, **settings}), before


def logits(model: TaskModel, family: str) -> Tensor:
    tokens = model.encoder.tokenize(TEXTS[:3], language=LANGUAGE.get(family, ("en",))[0])
    return model.logits(model.encoder.collate(tokens)).detach()


def train(model: TaskModel, family: str) -> None:
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    tokens = model.encoder.tokenize(TEXTS[:3], language=LANGUAGE.get(family, ("en",))[0])
    for _ in range(3):
        optimizer.zero_grad()
        model.logits(model.encoder.collate(tokens))[:, 0].logsumexp(dim=0).backward()
        optimizer.step()


@pytest.mark.parametrize("family", BUILDERS)
def test_it_starts_and_ends_as_a_plain_model(checkpoint: Checkpoint, family: str) -> None:
    model, lora, before = made(checkpoint(family))
    begun = logits(model, family)
    assert all(torch.equal(before[name], value) for name, value in lora.plain(model.module.state_dict()).items())

    head = set(lora._head)
    start = {name: value.clone() for name, value in model.module.named_parameters()}
    train(model, family)
    changed = {name for name, value in model.module.named_parameters() if not torch.equal(value, start[name])}
    assert changed == {name for name in start if ".lora_" in name or name in head}

    trained, wanted = lora.plain(model.module.state_dict()), logits(model, family)
    lora.detach()
    assert model.module.state_dict().keys() == before.keys() == trained.keys()
    assert all(parameter.requires_grad for parameter in model.parameters())
    model.module.load_state_dict(trained)
    torch.testing.assert_close(logits(model, family), wanted, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(wanted, begun, atol=1e-3)
    model.module.load_state_dict(before)
    torch.testing.assert_close(logits(model, family), begun, atol=1e-7, rtol=1e-6)


@pytest.mark.parametrize(
    ("family", "names"),
    [
        ("bert", {"query", "key", "value", "dense"}),
        ("xlm", {"q_lin", "k_lin", "v_lin", "out_lin"}),
        ("xlm-roberta", {"query", "key", "value", "dense"}),
        ("deberta-v3", {"query_proj", "key_proj", "value_proj", "dense"}),
        ("modernbert", {"Wqkv", "Wo"}),
        ("mt5", {"q", "k", "v", "o"}),
        ("nllb", {"q_proj", "k_proj", "v_proj", "out_proj"}),
    ],
)
def test_attention_is_found_in_every_family(checkpoint: Checkpoint, family: str, names: set[str]) -> None:
    encoder = Encoder.load(checkpoint(family))
    found = target_layers(encoder, "attention")
    assert {name.rpartition(".")[2] for name in found} == names
    assert len(found) == encoder.layers * len(names)
    assert len(target_layers(encoder, "linear")) >= len(found) + 2 * encoder.layers


def test_the_update_is_scaled_by_alpha_over_rank(checkpoint: Checkpoint) -> None:
    model, lora, before = made(checkpoint("bert"), modules=("query",))
    weights = dict(model.module.state_dict())
    name = next(name for name in weights if name.endswith("query.lora_B.default.weight"))
    down = weights[name.replace("lora_B", "lora_A")]
    weights[name] = torch.ones_like(weights[name])
    update = lora.plain(weights)[name.replace("lora_B.default.", "")] - before[name.replace("lora_B.default.", "")]
    torch.testing.assert_close(update, 3 * down.sum(dim=0).expand_as(update))


def test_the_seed_draws_the_updates(checkpoint: Checkpoint) -> None:
    first, second, other = (made(checkpoint("bert"), seed=seed)[0].module.state_dict() for seed in (1, 1, 2))
    drawn = [name for name in first if "lora_A" in name]
    assert all(torch.equal(first[name], second[name]) for name in drawn)
    assert not any(torch.equal(first[name], other[name]) for name in drawn)


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing.:FutureWarning")  # peft asks transformers the old way
@pytest.mark.parametrize(
    ("family", "loader"),
    [
        ("xlm-roberta", transformers.AutoModelForSequenceClassification),
        ("deberta-v3", transformers.AutoModelForSequenceClassification),
        ("t5", transformers.AutoModelForTextEncoding),
    ],
)
def test_peft_reads_the_adapter(checkpoint: Checkpoint, tmp_path: Path, family: str, loader: Any) -> None:
    peft = pytest.importorskip("peft")
    model, lora, _ = made(checkpoint(family))
    train(model, family)
    lora.save(model.module.state_dict(), tmp_path / "adapter")
    base = loader.from_pretrained(checkpoint(family), **({} if family == "t5" else {"num_labels": 3}))
    read = peft.PeftModel.from_pretrained(base, tmp_path / "adapter").eval()
    inputs = model.encoder.collate(model.encoder.tokenize(TEXTS[:3]))
    given = {"input_ids": inputs.ids, "attention_mask": inputs.mask}
    if family == "t5":
        torch.testing.assert_close(read(**given).last_hidden_state, model.encoder.encode(inputs), atol=1e-5, rtol=1e-4)
    else:
        torch.testing.assert_close(read(**given).logits, model.logits(inputs), atol=1e-5, rtol=1e-4)


def test_an_unknown_layer_is_named(checkpoint: Checkpoint) -> None:
    with pytest.raises(RecipeError, match=r"no linear layer called 'qery'; did you mean 'query'\? .*'attention'"):
        made(checkpoint("bert"), modules=("qery",))


def test_an_adapter_cannot_be_trained_with_a_decoder_as_the_head(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("t5"))
    head = LabelWords.of(encoder, Wording("sentence", ("yes", "no"), ("red", "cat"), "read: {text}"))
    model = TaskModel.create(encoder, "sentence", ("yes", "no"), seed=0, head=head)
    with pytest.raises(RecipeError, match=r"finetune\.adapter: .*the decoder as the head"):
        Lora(model, [], rank=1, alpha=1.0, dropout=0.0, modules="attention", seed=0)


def test_without_peft_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crosslift.heads.lora.find_spec", lambda _: None)
    with pytest.raises(RecipeError, match=r"^finetune\.adapter needs peft: pip install 'crosslift\[peft\]'"):
        require_peft("finetune.adapter")
