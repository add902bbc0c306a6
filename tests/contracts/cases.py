"""Methods at work on the tiny checkpoints: items, batches and losses that the contract tests of methods share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from crosslift.api import registry
from crosslift.api.examples import (
    Answer,
    Example,
    ExtractiveQAExample,
    IntentSlotExample,
    MultipleChoiceExample,
    PairExample,
    SentenceExample,
    TaggingExample,
)
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Inputs, TokenLinks, TokenPair, Tokens
from crosslift.encoder.seeding import seeded
from crosslift.finetune.bases.method import FinetuneMethod
from crosslift.heads.task_model import TaskModel
from crosslift.train.batch import Batch
from crosslift.train.method import Method
from crosslift.train.task_items import rows_of
from crosslift.train.tokenized_tasks import task_items
from tests.tiny import LANGUAGE, TEXTS

LABELS = ("red", "no")
"""Words that the tiny tokenizers can write."""
FRAMES = ("O", "B-red", "I-red", "no", "man")
"""Labels of an intent_slot task, tags and intents."""
TASK_TYPES = ("sentence", "pair", "tagging", "intent_slot", "extractive_qa", "multiple_choice")
"""Those with a head."""
Checkpoint = Callable[[str], Path]


def examples(task_type: str) -> list[Example]:
    """Return an example of each text."""
    words = [tuple(text.split()) for text in TEXTS]
    lengths = [[len(word) for word in sentence] for sentence in words]
    made: dict[str, list[Any]] = {
        "sentence": [SentenceExample(str(i), text, LABELS[i % 2]) for i, text in enumerate(TEXTS)],
        "pair": [PairExample(str(i), text, TEXTS[-i - 1], LABELS[i % 2]) for i, text in enumerate(TEXTS)],
        "tagging": [
            TaggingExample(str(i), words[i], tuple(LABELS[length % 2] for length in lengths[i]))
            for i in range(len(TEXTS))
        ],
        "extractive_qa": [_question(i, text, TEXTS[-i - 1]) for i, text in enumerate(TEXTS)],
        "intent_slot": [
            IntentSlotExample(str(i), words[i], tuple(FRAMES[length % 2] for length in lengths[i]), FRAMES[3 + i % 2])
            for i in range(len(TEXTS))
        ],
        "multiple_choice": [
            MultipleChoiceExample(str(i), text, ("cause", "effect")[i % 2], (TEXTS[i - 1], TEXTS[i - 2]), i % 2)
            for i, text in enumerate(TEXTS)
        ],
    }
    return list(made[task_type])


def _question(number: int, question: str, context: str) -> ExtractiveQAExample:
    """Return a question whose answer is the second and the third word of its context."""
    answer = " ".join(context.split()[1:3])
    return ExtractiveQAExample(str(number), question, context, (Answer(answer, context.index(answer)),))


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(7)


def extra_of(method: Method, model: Any) -> nn.Module | None:
    """Return the auxiliary module of a method, without dropout."""
    with seeded(3):
        auxiliary = method.auxiliary_module(model)
    return None if auxiliary is None else auxiliary.eval()


def total(method: Method, model: Any, batch: Batch, auxiliary: nn.Module | None = None) -> torch.Tensor:
    terms = method.loss(model, batch) if auxiliary is None else method.loss(model, batch, auxiliary)
    assert terms
    assert all(value.ndim == 0 for value in terms.values())
    return torch.stack(list(terms.values())).sum()


def padded(batch: Batch, encoder: Encoder) -> Batch:
    """Return the batch with 20 columns of padding added to every input, or as many as the tiny encoder has room for."""

    def longer(inputs: Inputs) -> Inputs:
        columns = min(20, encoder.max_length - inputs.ids.shape[1])
        assert columns > 0
        fill = {"ids": encoder.pad_id, "mask": 0, "special": True, "segments": 0, "languages": 0, "targets": IGNORED}
        values = {name: getattr(inputs, name) for name in fill}
        return Inputs(
            **{
                name: None if value is None else functional.pad(value, (0, columns), value=fill[name])
                for name, value in values.items()
            }
        )

    changed = {name: longer(value) for name, value in vars(batch).items() if isinstance(value, Inputs)}
    return replace(batch, **changed)


class AlignCase(NamedTuple):
    """An alignment objective, ready to compute a loss."""

    method: Method
    encoder: Encoder
    batch: Batch
    auxiliary: nn.Module | None

    def loss(self, batch: Batch | None = None) -> torch.Tensor:
        return total(self.method, self.encoder, self.batch if batch is None else batch, self.auxiliary)


def align_case(directory: Path, family: str, name: str, **settings: Any) -> AlignCase:
    made = registry.load("align", name)
    # The lab's lexicon, the default, has no word of the tiny texts.
    method = made(**settings, **({"lexicon": _lexicon(directory)} if "lexicon" in made.model_fields else {}))
    encoder = Encoder.load(directory).eval()
    auxiliary = extra_of(method, encoder)
    batch = method.collate(encoder, align_items(method, encoder, family), generator())
    return AlignCase(method, encoder, batch, auxiliary)


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
    return [TokenPair(*pair, _linked(*pair) if "links" in method.requires else None) for pair in pairs]


def _linked(source: Tokens, target: Tokens) -> TokenLinks:
    firsts = [[tokens.words.index(word) for word in range(tokens.words_fitted)] for tokens in (source, target)]  # type: ignore[union-attr]
    return tuple(zip(*firsts, strict=False))


def _lexicon(directory: Path) -> str:
    """Write the words of a text and of its translation, which have the same number, next to a checkpoint."""
    path = directory.with_name("en-de.txt")
    pairs = zip(TEXTS[0].split(), TEXTS[2].split(), strict=True)
    path.write_text("".join(f"{word}\t{translation}\n" for word, translation in pairs))
    return str(path)


def finetune_method(name: str, directory: Path) -> FinetuneMethod:
    """Return a method with its default settings, but for a memory of text, which is English here and not the lab's."""
    made: type[FinetuneMethod] = registry.load("finetune", name)
    memory = directory.with_name("memory")
    memory.mkdir(exist_ok=True)
    (memory / "en.txt").write_text("\n".join(TEXTS[:2]) + "\n", encoding="utf-8")
    return made.model_validate({"memory": str(memory)} if "memory" in made.model_fields else {})


def task_model(method: FinetuneMethod, encoder: Encoder, task_type: Any) -> TaskModel:
    """Return a model with the head that the method is for."""
    labels = FRAMES if task_type == "intent_slot" else LABELS
    head = method.head(encoder, task="task", task_type=task_type, labels=labels, seed=0)
    return TaskModel.create(encoder, task_type, labels, seed=0, head=head).eval()


def task_batch(method: FinetuneMethod, model: TaskModel, encoder: Encoder, family: str) -> Batch:
    items = task_items(
        *(model.encoder, examples(model.task_type), model.task_type, model.labels),
        max_length=48,
        language=LANGUAGE.get(family, ("en",))[0],
        words="words" in method.requires,
        prompt=model.prompt,
    )
    views = {item.example: item for item in reversed(rows_of(items))}
    method.begin(encoder, rows_of(items[:2]), {"en": views} if method.translates else {})
    return method.collate(model, items, generator())
