"""What every file on the method shelves must hold, on every encoder family it can run on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn

from crosslift.api import registry
from crosslift.api.examples import (
    Answer,
    ExtractiveQAExample,
    IntentSlotExample,
    MultipleChoiceExample,
    PairExample,
    SentenceExample,
    TaggingExample,
)
from crosslift.encoder.encoder import Encoder, seeded
from crosslift.encoder.inputs import IGNORED, Inputs, TokenLinks, TokenPair, Tokens
from crosslift.errors import CheckpointError, RecipeError
from crosslift.finetune.bases.method import FinetuneMethod
from crosslift.heads.task_model import TaskModel
from crosslift.pipeline.inputs.task_data import TaskData
from crosslift.pipeline.stages import finetune
from crosslift.recipe import FinetuneTable
from crosslift.train.batch import Batch
from crosslift.train.loop import join_processes
from crosslift.train.method import Method, Terms
from crosslift.train.task_items import rows_of, task_items
from tests.tiny import BUILDERS, LANGUAGE, TEXT_TO_TEXT, TEXTS, WITHOUT_MASKED_HEAD
from tests.unit.train.launch import two_processes

ALIGN = sorted(registry.entries("align"))
FINETUNE = sorted(registry.entries("finetune"))
LABELS = ("red", "no")
"""Words that the tiny tokenizers can write."""
FRAMES = ("O", "B-red", "I-red", "no", "man")
"""Labels of a joint task, tags and intents."""
KINDS = ("sentence", "pair", "tagging", "intent_slot", "extractive_qa", "multiple_choice")
NEEDS_HEAD = "needs a masked-(language-model|LM) head|needs what `mlm` needs"
"""What the docstring of an objective says that encoders without such a head may refuse."""
Checkpoint = Callable[[str], Path]


def method_of(shelf: str, name: str) -> Method:
    made: Method = registry.load(shelf, name)()
    return made


def align_items(method: Method, encoder: Encoder, family: str) -> list[Any]:
    """Return four sentences, or pairs whose words of the same number are linked, as the method needs them."""

    def tokens(texts: Sequence[str], language: str | None) -> list[Tokens]:
        if method.requires:
            return encoder.tokenize_words([text.split() for text in texts], language=language)
        return encoder.tokenize(texts, language=language)

    first, second = LANGUAGE.get(family, ("en", "de"))
    sources = tokens(TEXTS[:4], first)
    if method.input_type == "text":
        return sources
    pairs = zip(sources, tokens(TEXTS[2:6], second), strict=True)
    return [TokenPair(*pair, linked(*pair) if "links" in method.requires else None) for pair in pairs]


def linked(source: Tokens, target: Tokens) -> TokenLinks:
    firsts = [[tokens.words.index(word) for word in range(tokens.words_fitted)] for tokens in (source, target)]  # type: ignore[union-attr]
    return tuple(zip(*firsts, strict=False))


def finetune_method(name: str, directory: Path) -> FinetuneMethod:
    """Return a method with its default settings, but for a memory of text, which is English here and not the lab's."""
    made: type[FinetuneMethod] = registry.load("finetune", name)
    memory = directory.with_name("memory")
    memory.mkdir(exist_ok=True)
    (memory / "en.txt").write_text("\n".join(TEXTS[:2]) + "\n", encoding="utf-8")
    return made.model_validate({"memory": str(memory)} if "memory" in made.model_fields else {})


def extra_of(method: Method, model: Any) -> nn.Module | None:
    """Return what the method needs beside the model, without dropout."""
    with seeded(3):
        auxiliary = method.auxiliary_module(model)
    return None if auxiliary is None else auxiliary.eval()


def task_model(method: FinetuneMethod, encoder: Encoder, task_type: Any) -> TaskModel:
    """Return a model with the head that the method is for."""
    labels = FRAMES if task_type == "intent_slot" else LABELS
    head = method.head(encoder, task="task", task_type=task_type, labels=labels, seed=0)
    return TaskModel.create(encoder, task_type, labels, seed=0, head=head).eval()


def span_example(number: int, question: str, context: str) -> ExtractiveQAExample:
    """Return a question whose answer is the second and the third word of its context."""
    answer = " ".join(context.split()[1:3])
    return ExtractiveQAExample(str(number), question, context, (Answer(answer, context.index(answer)),))


def task_batch(method: FinetuneMethod, model: TaskModel, encoder: Encoder, family: str) -> Batch:
    language = LANGUAGE.get(family, ("en",))[0]
    examples: list[Any] = {
        "sentence": [SentenceExample(str(i), text, LABELS[i % 2]) for i, text in enumerate(TEXTS)],
        "pair": [PairExample(str(i), text, TEXTS[-i - 1], LABELS[i % 2]) for i, text in enumerate(TEXTS)],
        "tagging": [
            TaggingExample(str(i), tuple(text.split()), tuple(LABELS[len(word) % 2] for word in text.split()))
            for i, text in enumerate(TEXTS)
        ],
        "extractive_qa": [span_example(i, text, TEXTS[-i - 1]) for i, text in enumerate(TEXTS)],
        "intent_slot": [
            IntentSlotExample(
                str(i), tuple(text.split()), tuple(FRAMES[len(word) % 2] for word in text.split()), FRAMES[3 + i % 2]
            )
            for i, text in enumerate(TEXTS)
        ],
        "multiple_choice": [
            MultipleChoiceExample(str(i), text, ("cause", "effect")[i % 2], (TEXTS[i - 1], TEXTS[i - 2]), i % 2)
            for i, text in enumerate(TEXTS)
        ],
    }[model.task_type]
    words = "words" in method.requires
    items = task_items(
        *(model.encoder, examples, model.task_type, model.labels),
        max_length=48,
        language=language,
        words=words,
        prompt=model.prompt,
    )
    views = {item.example: item for item in reversed(rows_of(items))}
    method.begin(encoder, rows_of(items[:2]), {"en": views} if method.translates else {})
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


def total(method: Method, model: Any, batch: Batch, auxiliary: nn.Module | None = None) -> torch.Tensor:
    terms = method.loss(model, batch) if auxiliary is None else method.loss(model, batch, auxiliary)
    assert terms
    assert all(value.ndim == 0 for value in terms.values())
    return torch.stack(list(terms.values())).sum()


def lexicon(directory: Path) -> str:
    """Write the words of a text and of its translation, which have the same number, beside a checkpoint."""
    path = directory.with_name("en-de.txt")
    pairs = zip(TEXTS[0].split(), TEXTS[2].split(), strict=True)
    path.write_text("".join(f"{word}\t{translation}\n" for word, translation in pairs))
    return str(path)


class Case(NamedTuple):
    """An objective, ready to compute a loss."""

    method: Method
    encoder: Encoder
    batch: Batch
    auxiliary: nn.Module | None

    def loss(self, batch: Batch | None = None) -> torch.Tensor:
        return total(self.method, self.encoder, self.batch if batch is None else batch, self.auxiliary)


def case(directory: Path, family: str, name: str, **settings: Any) -> Case:
    made = registry.load("align", name)
    # The lab's lexicon, the default, has no word of the tiny texts.
    method = made(**settings, **({"lexicon": lexicon(directory)} if "lexicon" in made.model_fields else {}))
    encoder = Encoder.load(directory).eval()
    auxiliary = extra_of(method, encoder)
    return Case(method, encoder, method.collate(encoder, align_items(method, encoder, family), generator()), auxiliary)


def refuses(directory: Path, family: str, name: str) -> bool:
    """Return whether an objective refuses an encoder because nothing could predict its hidden tokens."""
    try:
        case(directory, family, name).loss()
    except CheckpointError as error:
        return re.search("mask|sentinel", str(error)) is not None
    return False


@pytest.mark.parametrize("name", ALIGN)
@pytest.mark.parametrize("family", BUILDERS)
def test_alignment_objectives_on_every_family(checkpoint: Checkpoint, family: str, name: str) -> None:
    if family in WITHOUT_MASKED_HEAD and refuses(checkpoint(family), family, name):
        assert re.search(NEEDS_HEAD, " ".join((registry.load("align", name).__doc__ or "").split()), re.IGNORECASE)
        return
    made = case(checkpoint(family), family, name)
    loss = made.loss()
    assert torch.isfinite(loss)
    loss.backward()
    gradient = made.encoder.base.get_input_embeddings().weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0
    if made.auxiliary is not None:
        assert [n for n, p in made.auxiliary.named_parameters() if p.requires_grad and p.grad is None] == []
    longer = made.loss(padded(made.batch, made.encoder))
    torch.testing.assert_close(longer, loss, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ALIGN)
def test_order_of_examples_does_not_matter(checkpoint: Checkpoint, name: str) -> None:
    made = case(checkpoint("bert"), "bert", name)
    turned = made.batch.select(torch.arange(len(made.batch)).flip(0))
    torch.testing.assert_close(made.loss(turned), made.loss(), atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("name", ALIGN)
def test_a_step_is_the_loss_and_its_gradients(checkpoint: Checkpoint, name: str) -> None:
    made, stepped = (case(checkpoint("bert"), "bert", name) for _ in range(2))
    loss = made.loss()
    loss.backward()

    def backward(terms: Terms) -> None:
        torch.stack(list(terms.values())).sum().backward()

    terms = stepped.method.step(stepped.encoder, stepped.batch, backward, stepped.auxiliary)
    torch.testing.assert_close(torch.stack(list(terms.values())).sum(), loss)
    for one, other in zip(made.encoder.parameters(), stepped.encoder.parameters(), strict=True):
        assert (one.grad is None) == (other.grad is None)
        if one.grad is not None and other.grad is not None:
            torch.testing.assert_close(one.grad, other.grad)
    with torch.no_grad():
        stepped.method.after_step(stepped.encoder, stepped.auxiliary)
    assert torch.isfinite(stepped.loss())


@pytest.mark.parametrize("name", ALIGN)
def test_what_a_method_needs_beside_the_model_can_be_restored(checkpoint: Checkpoint, name: str) -> None:
    first, second = (case(checkpoint("bert"), "bert", name) for _ in range(2))
    if first.auxiliary is None or second.auxiliary is None:
        assert first.auxiliary is second.auxiliary is None
        return
    state = first.auxiliary.state_dict()
    assert all(torch.equal(value, second.auxiliary.state_dict()[key]) for key, value in state.items())
    with torch.no_grad():
        for parameter in second.auxiliary.parameters():
            parameter += 1
    second.auxiliary.load_state_dict(state)
    assert torch.equal(first.loss(), second.loss())


@pytest.mark.parametrize("name", FINETUNE)
@pytest.mark.parametrize("task_type", KINDS)
@pytest.mark.parametrize("family", BUILDERS)
def test_finetuning_methods_on_every_family_and_head(
    checkpoint: Checkpoint, family: str, task_type: Any, name: str
) -> None:
    method, encoder = finetune_method(name, checkpoint(family)), Encoder.load(checkpoint(family))
    if task_type not in method.task_types:
        pytest.skip(f"not defined for {task_type}")
    if "own decoder" in (type(method).__doc__ or "") and family not in TEXT_TO_TEXT:
        with pytest.raises(CheckpointError, match=r"has no decoder"):
            task_model(method, encoder, task_type)
        return
    model = task_model(method, encoder, task_type)
    if family in WITHOUT_MASKED_HEAD and "Needs a masked-LM head" in (type(method).__doc__ or ""):
        with pytest.raises(CheckpointError, match="masked-LM head"):
            task_batch(method, model, encoder, family)
        return
    batch, auxiliary = task_batch(method, model, encoder, family), extra_of(method, model)
    loss = total(method, model, batch, auxiliary)
    assert torch.isfinite(loss)
    loss.backward()
    gradient = model.encoder.base.get_input_embeddings().weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0
    assert all(parameter.grad is not None for name, parameter in model.module.named_parameters() if "classif" in name)
    longer = total(method, model, padded(batch, encoder), auxiliary)
    torch.testing.assert_close(longer, loss, atol=2e-5, rtol=1e-5)


TASK_OF = {task.task_type: task for name in registry.entries("task") if (task := registry.load("task", name)())}


@pytest.mark.parametrize("name", FINETUNE)
def test_tasks_that_a_method_is_not_for_are_refused(name: str) -> None:
    table = FinetuneTable.model_validate({"task": "xnli", "method": [{"use": name}]})
    for task_type in KINDS:
        data = TaskData(TASK_OF[task_type], "en", (), [], [])
        if task_type in registry.load("finetune", name).task_types:
            assert len(finetune.method_of(table, data).parts) == 1
            continue
        with pytest.raises(
            RecipeError, match=rf"finetune\.method\.0\.use: '{name}' is defined for .*'{task_type}' task"
        ):
            finetune.method_of(table, data)


@pytest.mark.parametrize("name", ALIGN)
def test_chance_is_in_collate_alone(checkpoint: Checkpoint, name: str) -> None:
    made, again = (case(checkpoint("bert"), "bert", name) for _ in range(2))
    assert made.loss() == made.loss() == again.loss()


@pytest.mark.parametrize("name", FINETUNE)
def test_chance_is_in_collate_alone_while_finetuning(checkpoint: Checkpoint, name: str) -> None:
    family = "t5" if "own decoder" in (type(finetune_method(name, checkpoint("bert"))).__doc__ or "") else "bert"
    method = finetune_method(name, checkpoint(family))
    encoder = Encoder.load(checkpoint(family)).eval()
    model = task_model(method, encoder, "pair")
    auxiliary = extra_of(method, model)
    batches = [task_batch(method, model, encoder, "bert") for _ in range(2)]
    losses = [total(method, model, batch, auxiliary) for batch in (batches[0], *batches)]
    assert losses[0] == losses[1] == losses[2]


@pytest.mark.parametrize("name", [name for name in ALIGN if method_of("align", name).splittable])
def test_parts_add_up_to_the_whole(checkpoint: Checkpoint, name: str) -> None:
    made = case(checkpoint("bert"), "bert", name)
    parts = [made.batch.select(torch.tensor(rows)) for rows in ([0], [1, 2, 3])]
    num_targets, whole = [made.method.num_targets(part) for part in parts], made.method.num_targets(made.batch)
    weighted = sum(made.loss(part) * unit for part, unit in zip(parts, num_targets, strict=True)) / whole
    assert sum(num_targets) == whole
    torch.testing.assert_close(weighted, made.loss(), atol=1e-5, rtol=1e-5)


GATHERING = [name for name in ALIGN if method_of("align", name).gathers]


def gradients(made: Case, rows: slice) -> dict[str, Any]:
    """Return the loss of some rows, weighted by their share of the units, and its gradients."""
    part = made.batch.select(torch.arange(len(made.batch))[rows])
    loss = made.loss(part) * made.method.num_targets(part) / made.method.num_targets(made.batch)
    loss.backward()
    weights = [*made.encoder.parameters(), *(made.auxiliary.parameters() if made.auxiliary else ())]
    found = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights]
    return {"loss": loss.detach(), "gradients": found}


def gathering(directory: Path, name: str) -> Case:
    """Return the objective without a term beside: that is a mean over hidden tokens, of which processes have others."""
    beside = {"mlm_weight": 0.0} if "mlm_weight" in registry.load("align", name).model_fields else {}
    return case(directory, "bert", name, **beside)


def half_a_batch(rank: int, directory: Path, folder: Path) -> None:
    join_processes()
    rows = (slice(-1), slice(-1, None))[rank]  # not equally many
    found = {name: gradients(gathering(directory, name), rows) for name in GATHERING}
    torch.save(found, folder / f"{rank}.pt")


@pytest.mark.slow
def test_two_processes_have_the_gradients_of_one(checkpoint: Checkpoint, tmp_path: Path) -> None:
    two_processes(half_a_batch, checkpoint("bert"), tmp_path)
    halves = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    for name in GATHERING:
        whole = gradients(gathering(checkpoint("bert"), name), slice(None))
        first, second = (half[name] for half in halves)
        pairs = zip(first["gradients"], second["gradients"], strict=True)
        torch.testing.assert_close(
            [first["loss"] + second["loss"], *(one + other for one, other in pairs)],
            [whole["loss"], *whole["gradients"]],
            atol=2e-6,
            rtol=1e-4,
            msg=lambda text, name=name: f"{name}: {text}",
        )


@pytest.mark.parametrize(("shelf", "name"), [*(("align", n) for n in ALIGN), *(("finetune", n) for n in FINETUNE)])
def test_facts_are_filled_in(shelf: str, name: str) -> None:
    entry, method = registry.entries(shelf)[name], registry.load(shelf, name)
    assert entry.summary.endswith((".", ";"))
    assert "arXiv" in method.paper
    assert "Paper:" in entry.documentation
    assert all(field.description for field in method.model_fields.values())
