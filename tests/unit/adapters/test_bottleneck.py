"""Bottleneck adapters: the plain model at first, in every family; trained alone; exchanged by language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from crosslift.adapters.bottleneck import Bottlenecks, insert
from crosslift.adapters.invertible import InvertibleAdapter
from crosslift.adapters.languages import FOLDER, Adapters, LanguageAdapters
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs
from crosslift.encoder.layers import LowerLayers
from crosslift.errors import CheckpointError, LanguageError, RecipeError
from crosslift.heads.frozen import head_parameters
from crosslift.heads.label_words import LabelWords, Wording
from crosslift.heads.task_model import TaskModel, add_adapters
from tests.tiny import BUILDERS, LANGUAGE, TEXTS, WITH_MASKED_HEAD

Checkpoint = Callable[[str], Path]


def inputs_of(encoder: Encoder, family: str) -> Inputs:
    return encoder.collate(encoder.tokenize(TEXTS[:3], language=LANGUAGE.get(family, ("en",))[0]))


def filled(encoder: Encoder, seed: int, *, invertible: bool = False) -> Bottlenecks:
    """Return an adapter that does something."""
    adapter = Bottlenecks.of(encoder, reduction=4, seed=seed, invertible=invertible)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in adapter.parameters():
            value.copy_(0.5 * torch.randn(value.shape, generator=generator))
    return adapter


def model_of(directory: Path, languages: LanguageAdapters | None = None) -> TaskModel:
    encoder = Encoder.load(directory)
    model = TaskModel.create(encoder, "sentence", ("a", "b", "c"), seed=0).eval()
    add_adapters(model, head_parameters(model, encoder).values(), filled(encoder, 1), languages)
    return model


@pytest.mark.parametrize("family", BUILDERS)
@torch.inference_mode()
def test_new_ones_leave_the_encoder_as_it_is_bit_for_bit(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    inputs = inputs_of(encoder, family)
    before, names = encoder.hidden_states(inputs), list(encoder.state())
    stack = [Bottlenecks.of(encoder, reduction=4, seed=seed, invertible=True) for seed in (0, 1)]
    remove = insert(encoder, lambda: stack)
    after = encoder.hidden_states(inputs)
    assert all(map(torch.equal, before, after))
    assert list(encoder.state()) == names

    nn.init.normal_(stack[0].layers[1].up.weight)  # type: ignore[union-attr,arg-type]
    changed = encoder.hidden_states(inputs)
    same = [torch.equal(old, new) for old, new in zip(before, changed, strict=True)]
    assert same == [True, True, *[False] * (encoder.layers - 1)]
    remove()
    assert all(map(torch.equal, before, encoder.hidden_states(inputs)))


@pytest.mark.parametrize("family", ["bert", "xlm", "deberta-v3"])
@torch.inference_mode()
def test_in_front_of_the_normalization(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    inputs = inputs_of(encoder, family)
    base: Any = encoder.base
    norm = base.layer_norm2[-1] if family == "xlm" else base.encoder.layer[-1].output.LayerNorm
    seen: list[tuple[Tensor, Tensor]] = []
    handle = norm.register_forward_hook(lambda _m, arguments, output: seen.append((arguments[0], output)))
    encoder.encode(inputs)
    handle.remove()
    total, state = seen[0]

    adapter = filled(encoder, 1)
    *lower, last = list[Any](adapter.layers)
    for bottleneck in lower:
        nn.init.zeros_(bottleneck.up.weight)
        nn.init.zeros_(bottleneck.up.bias)
    update = (state @ last.down.weight.T + last.down.bias).clamp(min=0) @ last.up.weight.T + last.up.bias
    insert(encoder, lambda: (adapter,))
    found = encoder.encode(inputs)
    real = inputs.mask.bool()
    torch.testing.assert_close(found[real], norm.forward(total + update)[real], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", WITH_MASKED_HEAD)
@torch.inference_mode()
def test_embeddings_are_mapped_and_mapped_back_before_words_are_predicted(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    inputs = inputs_of(encoder, family)
    embedded, states = encoder.embed(inputs.ids), encoder.encode(inputs)
    everywhere = inputs.mask.bool()
    logits = encoder.masked_logits(states, everywhere)
    adapter = filled(encoder, 1, invertible=True)
    assert adapter.invertible_adapter is not None
    remove = insert(encoder, lambda: (adapter,))
    torch.testing.assert_close(encoder.embed(inputs.ids), adapter.invertible_adapter(embedded))
    assert not torch.allclose(encoder.embed(inputs.ids), embedded, atol=1e-2)

    # Logits are products with word embeddings, so the vectors that were multiplied can be solved for.
    found = encoder.masked_logits(states, everywhere)
    remove()
    words: Tensor = encoder.base.get_input_embeddings().weight  # type: ignore[assignment]
    vectors = torch.linalg.lstsq(words.double(), (logits - _bias(encoder)).T.double()).solution.T.float()
    undone = adapter.invertible_adapter.inverse(vectors) @ words.T + _bias(encoder)
    torch.testing.assert_close(found, undone, atol=2e-3, rtol=1e-3)
    assert torch.equal(encoder.masked_logits(states, everywhere), logits)


def _bias(encoder: Encoder) -> Tensor:
    model: Any = encoder.model
    if encoder.family.norm_of_masked_head(model) is not None:
        return model.lm_predictions.lm_head.bias  # type: ignore[no-any-return]
    return model.get_output_embeddings().bias  # type: ignore[no-any-return]


@pytest.mark.parametrize("width", [2, 7, 32])
def test_a_coupling_is_undone_by_its_inverse(width: int) -> None:
    generator = torch.Generator().manual_seed(0)
    invertible_adapter = InvertibleAdapter(width, generator=generator)
    vectors = torch.randn(3, 4, width, generator=generator)
    assert torch.equal(invertible_adapter(vectors), vectors)
    for value in invertible_adapter.parameters():
        nn.init.normal_(value, generator=generator)
    mapped = invertible_adapter(vectors)
    assert (mapped != vectors).all()
    torch.testing.assert_close(invertible_adapter.inverse(mapped), vectors, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("family", ["modernbert", "mt5", "nllb"])
@torch.inference_mode()
def test_behind_the_layer_where_normalization_comes_first(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    inputs = inputs_of(encoder, family)
    plain = encoder.hidden_states(inputs)
    adapter = filled(encoder, 1)
    insert(encoder, lambda: (adapter,))
    found = encoder.hidden_states(inputs)[1]
    torch.testing.assert_close(found, plain[1] + adapter.layers[0](plain[1]), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", ["bert", "modernbert", "mt5", "nllb"])
@torch.inference_mode()
def test_replayed_layers_are_not_adapted_again(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    adapter = filled(encoder, 1)
    insert(encoder, lambda: (adapter,))
    inputs = inputs_of(encoder, family)
    lower = LowerLayers(encoder, 2)
    with lower.recorded(lambda states: states):
        first = encoder.encode(inputs)
    with lower.replayed(torch.zeros_like(lower.states)):
        assert torch.equal(encoder.encode(inputs), first)


@pytest.mark.parametrize("family", ["bert", "xlm", "deberta-v3", "modernbert", "mt5"])
def test_adapter_and_head_are_trained_and_nothing_else(checkpoint: Checkpoint, family: str) -> None:
    model = model_of(checkpoint(family))
    start = {name: value.clone() for name, value in model.module.named_parameters()}
    head = {name for name in start if not any(value is model.module.get_parameter(name) for value in _inherited(model))}
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    model.logits(inputs_of(model.encoder, family))[:, 0].logsumexp(dim=0).backward()
    optimizer.step()
    changed = {name for name, value in model.module.named_parameters() if not torch.equal(value, start[name])}
    own = {name for name in start if name.startswith("crosslift_adapter.")}
    assert len(own) == 4 * model.encoder.layers
    assert own <= changed <= own | head


def _inherited(model: TaskModel) -> list[nn.Parameter]:
    return [value for name, value in model.encoder.base.named_parameters() if "pooler" not in name]


@pytest.mark.parametrize("family", ["bert", "deberta-v3", "modernbert", "mt5"])
@torch.inference_mode()
def test_saved_and_read_again(checkpoint: Checkpoint, tmp_path: Path, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    languages = LanguageAdapters({"de": filled(encoder, 2, invertible=True), "fr": filled(encoder, 3)}, fallback="none")
    model = model_of(checkpoint(family), languages)
    model.save(tmp_path / "model")
    read = TaskModel.load(tmp_path / "model").eval()
    inputs = inputs_of(encoder, family)
    for code in ("de", "fr", "sw"):
        with model.in_language(code), read.in_language(code):
            assert torch.equal(model.logits(inputs), read.logits(inputs))
    assert model.module.state_dict().keys() == read.module.state_dict().keys()
    assert not any("crosslift_adapter" in name for name in Encoder.load(tmp_path / "model").state())


@torch.inference_mode()
def test_the_adapter_of_the_language_that_is_read(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    german, french = filled(encoder, 2), filled(encoder, 3)
    model = model_of(checkpoint("bert"), LanguageAdapters({"de": german, "fr": french}, fallback="none"))
    assert model.adapters is not None
    inputs, task = inputs_of(encoder, "bert"), model.adapters.task
    for code, stack in (("de", [german, task]), ("fr", [french, task]), ("sw", [task])):
        remove = insert(encoder, lambda stack=stack: stack)  # type: ignore[misc]
        with model.in_language(code):
            assert torch.equal(model.encoder.encode(inputs), encoder.encode(inputs))
        remove()
    model.adapters.read("de")
    german_states = model.encoder.encode(inputs)
    with model.in_language("fr"):
        assert not torch.allclose(model.encoder.encode(inputs), german_states, atol=1e-3)
    assert torch.equal(model.encoder.encode(inputs), german_states)


def test_a_language_without_adapter_is_refused_or_falls_back(checkpoint: Checkpoint) -> None:
    german = filled(Encoder.load(checkpoint("bert")), 2)
    with pytest.raises(LanguageError, match=r"no language adapter for 'du'; did you mean 'de'\? \(available: de\)"):
        LanguageAdapters({"de": german}).of("du")
    assert LanguageAdapters({"de": german}, fallback="de").of("du") is german
    assert LanguageAdapters({"de": german}, fallback="none").of("du") is None


def test_an_adapter_for_another_encoder_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = model_of(checkpoint("bert"))
    model.save(tmp_path / "model")
    other = Bottlenecks(16, 4, layers=2, generator=torch.Generator())
    assert model.adapters is not None
    Adapters(nn.Module(), model.encoder, other).save(tmp_path / "other")
    (tmp_path / "other" / FOLDER).rename(tmp_path / "model" / "new")
    (tmp_path / "model" / FOLDER).rename(tmp_path / "old")
    (tmp_path / "model" / "new").rename(tmp_path / "model" / FOLDER)
    with pytest.raises(CheckpointError, match=r"2 layers of width 16; .* has 3 of width 32"):
        TaskModel.load(tmp_path / "model")
    (tmp_path / "model" / FOLDER / "task.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"task\.safetensors: the adapter's weights are missing"):
        TaskModel.load(tmp_path / "model")


def test_a_decoder_is_not_trained_along_with_an_adapter(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("t5"))
    head = LabelWords.of(encoder, Wording("sentence", ("yes", "no"), ("red", "cat"), "read: {text}"))
    model = TaskModel.create(encoder, "sentence", ("yes", "no"), seed=0, head=head)
    with pytest.raises(RecipeError, match=r"finetune\.adapter: .*the decoder as the head"):
        add_adapters(model, [], Bottlenecks.of(encoder, reduction=4, seed=0))
