"""Randomized smoothing at test time: predictions for many randomly changed inputs of an example are combined.

The changes are those of the fine-tuning methods `random_perturbation` (RS-RP) and `synonym_smoothing` (RS-DA).  The
change of a text depends only on the text, the number of the sample and the seed, not on the batch or other texts.
Papers: Cohen et al. 2019, arXiv 1902.02918, section 3; Huang et al. 2021, arXiv 2104.08645, section 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from crosslift.api import registry
from crosslift.api.examples import Example, MultipleChoiceExample, TaggingExample
from crosslift.api.records import Record
from crosslift.encoder.batching import by_length
from crosslift.encoder.inputs import Inputs
from crosslift.errors import InputError, nearest
from crosslift.evaluation.predict import predict
from crosslift.finetune.bases.batch import ModelInput
from crosslift.finetune.bases.method import FinetuneMethod
from crosslift.heads.task_model import TaskModel
from crosslift.train.task_items import TaskItem, rows_of
from crosslift.train.tokenized_tasks import model_items

METHODS = ("random_perturbation", "synonym_smoothing")
"""Fine-tuning methods that can smooth predictions: they only change inputs at random."""


TASK_TYPES = ("sentence", "pair", "tagging", "multiple_choice")
"""Task types whose predictions can be smoothed."""


@dataclass(frozen=True)
class Smoothing:
    """The settings of smoothing.

    Args:
        method: changes the inputs.
        samples: number of changed inputs per example; 0 is plain prediction.
        combine: "average" predicts the output with the highest mean probability, "majority" the one that is most likely
            in most samples (ties go by the mean).
        seed: seed of the changes.
    """

    method: FinetuneMethod
    samples: int = 10
    combine: Literal["average", "majority"] = "average"
    seed: int = 0

    @classmethod
    def by(
        cls,
        name: str,
        *,
        samples: int = 10,
        combine: Literal["average", "majority"] = "average",
        seed: int = 0,
        **settings: Any,
    ) -> Self:
        """Return a smoothing by the name of a method and its settings.

        Raises:
            InputError: the method does not only change inputs at random.
        """
        if name not in METHODS:
            raise InputError(
                f"smooth: '{name}' cannot smooth predictions{nearest(name, METHODS)} (available: {', '.join(METHODS)})"
            )
        return cls(registry.load("finetune", name).model_validate(settings), samples, combine, seed)

    @property
    def active(self) -> bool:
        """Whether these settings change anything."""
        return self.samples > 0 and self.method.active

    def values(self) -> dict[str, Any]:
        """Return the settings, with the keys of `[evaluate.smooth]`."""
        use = type(self.method).__module__.rpartition(".")[2]  # a method has the name of its file
        own = self.method.model_dump(mode="json", by_alias=True)
        return {"use": use, "samples": self.samples, "combine": self.combine, "seed": self.seed, **own}

    def generator(self, sample: int, ids: Sequence[int]) -> torch.Generator:
        """Return the generator that draws the change of a text, given its token ids."""
        state = np.random.SeedSequence((self.seed, sample, *ids)).generate_state(1, np.uint64)
        return torch.Generator().manual_seed(int(state[0] >> 1))

    def rewritten(self, model: TaskModel, rows: Sequence[TaskItem], sample: int) -> list[TaskItem]:
        """Return the rows of a sample, with words replaced if the method does that."""
        return [self.method.rewrite(model, [row], self.generator(sample, row.tokens.ids))[0] for row in rows]

    def logits(self, model: TaskModel, inputs: Inputs, sample: int) -> Tensor:
        """Return the model's logits for a sample, in the shape of `TaskModel.logits`: (batch, ...).

        Args:
            model: predicts.
            inputs: (batch, length) fields.
            sample: number of the sample.
        """
        if not self.method.perturbs:
            return model.logits(inputs)
        drawn = [self._noise(model, inputs.select(slice(row, row + 1)), sample) for row in range(len(inputs))]
        width = inputs.ids.shape[1]
        padded = [functional.pad(noise.values, (0, 0, 0, width - noise.values.shape[1])) for noise in drawn]
        noise = replace(drawn[0], values=torch.cat(padded)).to(inputs.ids.device)
        model_input = self.method.perturb(model, ModelInput(inputs), noise, _no_loss, None)
        return model_input.output(model).logits

    def _noise(self, model: TaskModel, one: Inputs, sample: int) -> Any:
        return self.method.draw(model, [], one, self.generator(sample, one.ids[0].tolist()))


def predict_smoothed(
    model: TaskModel,
    examples: Sequence[Example],
    *,
    smoothing: Smoothing | None,
    language: str,
    max_length: int | None = None,
    batch_tokens: int | None = None,
) -> list[Record]:
    """Return one record per example, as `predict` does, with smoothed predictions.

    `probability` is the mean probability of the prediction.

    Args:
        model: is put into evaluation mode.
        examples: of one language.
        smoothing: None, no samples, or noise of radius 0 gives plain predictions, bit for bit.
        language: language of the texts, for encoders that embed it and for language adapters.
        max_length: tokens an input is truncated to; None for the model's.
        batch_tokens: padded tokens per batch; None suits the device.

    Raises:
        InputError: predictions of the model's task type are not smoothed.
    """
    if smoothing is None or not smoothing.active:
        return predict(model, examples, language=language, max_length=max_length, batch_tokens=batch_tokens)
    if model.task_type not in TASK_TYPES or model.task_type not in smoothing.method.task_types:
        raise InputError(
            f"smooth: predictions of '{model.task_type}' tasks are not smoothed (task types: {', '.join(TASK_TYPES)})"
        )
    words = "words" in smoothing.method.requires
    lengths = model.lengths(max_length=max_length)
    items = model_items(model, examples, language=language, words=words, lengths=lengths)
    model.eval()
    with model.in_language(language):
        samples = [
            _probabilities(model, examples, smoothing, rows_of(items), sample, batch_tokens)
            for sample in range(smoothing.samples)
        ]
    return [
        smoothed_record(model, example, torch.stack(tables), smoothing.combine)
        for example, *tables in zip(examples, *samples, strict=True)
    ]


def _no_loss(_reading: ModelInput) -> Tensor:
    raise AssertionError("smoothing has no labels")


def _probabilities(
    model: TaskModel,
    examples: Sequence[Example],
    smoothing: Smoothing,
    rows: Sequence[TaskItem],
    sample: int,
    batch_tokens: int | None,
) -> list[Tensor]:
    """Return the probabilities of a sample by example: (labels,), (choices,), or (words, labels)."""
    rows = smoothing.rewritten(model, rows, sample)

    def compute(inputs: Inputs) -> Tensor:
        return smoothing.logits(model, inputs, sample)

    logits = by_length(model.encoder, [row.tokens for row in rows], compute, batch_tokens)
    if model.task_type == "tagging":
        return _of_words(model, examples, rows, logits)
    if model.task_type == "multiple_choice":
        left = iter(logits)
        counts = [len(example.choices) for example in examples if isinstance(example, MultipleChoiceExample)]
        return [torch.cat([next(left) for _ in range(count)]).float().softmax(dim=0) for count in counts]
    return list(torch.cat(logits).float().softmax(dim=-1))


def _of_words(
    model: TaskModel, examples: Sequence[Example], rows: Sequence[TaskItem], logits: Sequence[Tensor]
) -> list[Tensor]:
    """Return the probabilities of each sentence's words, (words, labels), at the first subword; 0 without subwords."""
    counts = [len(example.words) for example in examples if isinstance(example, TaggingExample)]
    tables = [torch.zeros(count, len(model.labels)) for count in counts]
    for row, scores in zip(rows, logits, strict=True):
        assert row.tokens.words is not None
        found = scores[0].float().softmax(dim=-1)
        for position in reversed(range(len(row.tokens))):  # reversed, so that the first subword of a word decides
            word = row.tokens.words[position]
            if word >= 0 and row.first_word + word < len(tables[row.example]):
                tables[row.example][row.first_word + word] = found[position]
    return tables


def smoothed_record(model: TaskModel, example: Example, tables: Tensor, combine: str) -> Record:
    """Return the record of an example, given the probabilities of all samples, (samples, ..., outputs)."""
    mean = tables.double().mean(dim=0)  # in double precision the mean of equal numbers is exact
    score = mean
    if combine == "majority":
        votes = functional.one_hot(tables.argmax(dim=-1), tables.shape[-1]).sum(dim=0)
        score = votes + 0.5 * mean  # votes are whole numbers, so the mean only breaks ties
    best = score.argmax(dim=-1)
    if isinstance(example, TaggingExample):
        tags = [model.labels[index] for index in best.tolist()]
        return {"id": example.id, "prediction": tags, "gold": list(example.tags) if example.tags else None}
    chosen = int(best)
    return {
        "id": example.id,
        "prediction": chosen if isinstance(example, MultipleChoiceExample) else model.labels[chosen],
        "gold": getattr(example, "label", None),
        "probability": round(float(mean[chosen]), 6),
    }
