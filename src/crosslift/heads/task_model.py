"""Task models: an encoder and a head, saved as a checkpoint that transformers can load."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

import torch
from torch import Tensor, nn

from crosslift.adapters.bottleneck import Bottlenecks
from crosslift.adapters.languages import Adapters, LanguageAdapters
from crosslift.api.examples import TaskType
from crosslift.encoder import loading
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.family import family_of
from crosslift.encoder.inputs import Inputs
from crosslift.encoder.pooling import write_pooling
from crosslift.errors import RecipeError
from crosslift.heads.checkpoints import outputs_of, task_type_of
from crosslift.heads.input_settings import WHOLE, InputSettings, Lengths, input_settings_of, write_input_settings
from crosslift.heads.intent_slot import restricted
from crosslift.heads.label_names import LabelNames, has_names
from crosslift.heads.label_words import LABEL_WORDS_FILE, LabelWords
from crosslift.heads.linear import HEAD_FILE, LinearHead, copied
from crosslift.heads.prompt import Prompt
from crosslift.heads.transformers_heads import checked_outputs, create_module, load_module


@dataclass(frozen=True)
class Output:
    """The output of a task model for a batch."""

    logits: Tensor
    """As `TaskModel.logits` returns them."""
    states: Tensor
    """Input of the head: (batch, length, hidden)."""


@dataclass
class TaskModel:
    """An encoder with a task head.

    The head is that of transformers where the family has one, so that ``transformers.pipeline("text-classification",
    DIRECTORY)`` returns label names; transformers does not know that the outputs of an intent_slot model are of two
    sorts (`crosslift.heads.intent_slot`).  The encoder halves of T5 and M2M100 have none: they get `LinearHead`, saved
    next to the encoder's checkpoint, which transformers' pipeline does not know.  A method may bring its own head:
    `LabelWords`, the decoder of a text-to-text model, or `LabelNames`.

    `encoder` is a view of the weights of `module`: training one trains the other.
    """

    encoder: Encoder
    task_type: TaskType
    labels: tuple[str, ...]
    module: nn.Module
    adapters: Adapters | None = None
    """Adapters between the encoder's layers, if any; the task adapter is a part of `module`."""
    input_settings: InputSettings = WHOLE
    """How the model reads examples; saved in its config.json."""

    @classmethod
    def create(
        cls,
        encoder: Encoder,
        task_type: TaskType,
        labels: Sequence[str],
        *,
        seed: int,
        head: LabelWords | LabelNames | None = None,
        input_settings: InputSettings = WHOLE,
    ) -> Self:
        """Return a task model with a copy of `encoder`'s weights and a random head.

        Args:
            encoder: is not changed.
            task_type: "sentence", "pair", "tagging", "intent_slot", "extractive_qa" or "multiple_choice".
            labels: names of the outputs; ignored for "extractive_qa" and "multiple_choice", whose outputs are fixed.
            seed: seed of the head's weights.
            head: a head made from this encoder for this task type and these labels; None creates the family's.
            input_settings: how the model reads examples; saved with it.

        Raises:
            RecipeError: the task type has no head, or labels are missing or repeated.
        """
        made = cls._created(encoder, task_type, checked_outputs(task_type, labels), seed=seed, head=head)
        made.input_settings = input_settings
        write_input_settings(made.encoder.base.config, input_settings)
        write_pooling(made.encoder.base.config, None)
        return made

    @classmethod
    def _created(
        cls,
        encoder: Encoder,
        task_type: TaskType,
        outputs: tuple[str, ...],
        *,
        seed: int,
        head: LabelWords | LabelNames | None,
    ) -> Self:
        if head is not None:
            return cls._with(head)
        if not encoder.family.has_task_heads:
            return cls._linear(encoder, task_type, outputs, seed=seed)
        module = create_module(encoder, task_type, outputs, seed=seed)
        return cls(Encoder(module, encoder.tokenizer, name=encoder.name), task_type, outputs, module)

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        """Load a saved task model, or a checkpoint of a supported family with a task head of transformers.

        Raises:
            CheckpointError: not a checkpoint, no tokenizer, no task head, a head that does not fit its labels, or
                adapters that do not fit the encoder.
        """
        made = cls._load(str(directory))
        made.adapters = Adapters.load(made.module, made.encoder, directory)
        made.input_settings = input_settings_of(made.encoder.base.config)
        return made

    @classmethod
    def _load(cls, place: str) -> Self:
        config = loading.load_config(place)
        family = family_of(config, where=place)
        if (Path(place) / HEAD_FILE).is_file():
            return cls._load_linear(place)
        if (Path(place) / LABEL_WORDS_FILE).is_file():
            return cls._with(LabelWords.load(place))
        task_type = task_type_of(config, place)
        tokenizer = loading.load_tokenizer(place)
        module = load_module(place, task_type, family=family.name)
        return cls(Encoder(module, tokenizer, name=place), task_type, outputs_of(config, task_type), module)

    def logits(self, inputs: Inputs, embeddings: Tensor | None = None) -> Tensor:
        """Return the scores of the outputs.

        Args:
            inputs: (batch, length) fields; for "multiple_choice" one row per choice, those of an example together.
            embeddings: (batch, length, embedding), word embeddings to use instead of `encoder.embed(inputs.ids)`.

        Returns:
            "sentence" and "pair": (batch, labels); "tagging": (batch, length, labels); "intent_slot": the same, with
            intents possible only at the sentence token and tags only elsewhere; "extractive_qa": (batch, length, 2),
            start and end; "multiple_choice": (examples * choices,).
        """
        logits = self._logits(inputs, embeddings)
        return restricted(logits, inputs, self.labels) if self.task_type == "intent_slot" else logits

    def outputs(self, inputs: Inputs, embeddings: Tensor | None = None, shift: Tensor | None = None) -> Output:
        """Return the scores and the last layer's states that the head computes them from.

        Args:
            inputs: as in `logits`, (batch, length) fields.
            embeddings: as in `logits`, (batch, length, embedding).
            shift: (batch, length, hidden), added to the states before the head reads them.
        """
        with self.encoder.last_states(shift) as seen:
            logits = self.logits(inputs, embeddings)
        return Output(logits, seen[0])

    def in_language(self, language: str) -> AbstractContextManager[None]:
        """Use the language adapter of `language`, if there are language adapters, in the passes of a block.

        Raises:
            LanguageError: there is no adapter for the language, and no fallback.
        """
        return nullcontext() if self.adapters is None else self.adapters.in_language(language)

    def save(self, directory: str | Path) -> None:
        """Write a checkpoint with its tokenizer, label names and input settings; adapters go into a subfolder."""
        if self.adapters is None:
            self._save(directory)
            return
        with self.adapters.apart():
            self._save(directory)
        self.adapters.save(directory)

    def _save(self, directory: str | Path) -> None:
        write_input_settings(self.encoder.base.config, self.input_settings)
        if isinstance(self.module, LabelWords):
            self.module.save(directory)
            return
        self.encoder.save(directory)
        if isinstance(self.module, LinearHead):
            self.module.save(directory)

    @property
    def prompt(self) -> Prompt | None:
        """The prompt that texts are put into; None where the encoder reads them as they are."""
        return self.module.prompt if isinstance(self.module, LabelWords) else None

    def lengths(self, *, max_length: int | None = None, doc_stride: int | None = None) -> Lengths:
        """Return the lengths that the model reads inputs with (`InputSettings.lengths`).

        Args:
            max_length: overrides that of the input settings, in tokens.
            doc_stride: overrides that of the input settings, in tokens.
        """
        longest = self.encoder.max_length
        return self.input_settings.lengths(self.task_type, longest, max_length=max_length, doc_stride=doc_stride)

    def parameters(self) -> Iterator[nn.Parameter]:
        """All parameters, those of the encoder and the head."""
        return self.module.parameters()

    def train(self) -> Self:
        """Turn dropout on."""
        self.module.train()
        return self

    def eval(self) -> Self:
        """Turn dropout off."""
        self.module.eval()
        return self

    def to(self, device: torch.device | str) -> Self:
        """Move the weights to a device."""
        self.module.to(device)
        return self

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.encoder.device

    def _logits(self, inputs: Inputs, embeddings: Tensor | None) -> Tensor:
        if isinstance(self.module, LinearHead | LabelWords):
            states = self.encoder.encode(inputs, embeddings)
            return cast("Tensor", self.module(states, inputs))
        arguments = self.encoder.arguments(inputs, embeddings)
        if self.task_type == "multiple_choice":
            # transformers expects (examples, choices, length); with one choice per example, rows stay independent
            output = self.module(**{name: value.unsqueeze(1) for name, value in arguments.items()})
            return output.logits.squeeze(1)  # type: ignore[no-any-return]
        output = self.module(**arguments)
        if self.task_type == "extractive_qa":
            return torch.stack((output.start_logits, output.end_logits), dim=-1)
        return output.logits  # type: ignore[no-any-return]

    @classmethod
    def _linear(cls, encoder: Encoder, task_type: TaskType, labels: tuple[str, ...], *, seed: int) -> Self:
        own = copied(encoder)
        module = LinearHead(own.model, task_type, labels, generator=torch.Generator().manual_seed(seed))
        return cls(own, task_type, labels, module.eval())

    @classmethod
    def _with(cls, head: LabelWords | LabelNames) -> Self:
        return cls(head.encoder, head.task_type, head.labels, head.eval())

    @classmethod
    def _load_linear(cls, place: str) -> Self:
        encoder = Encoder.load(place)
        if has_names(place):
            return cls._with(LabelNames.load_named(encoder, place))
        module = LinearHead.load(encoder.model, place).eval()
        return cls(encoder, module.task_type, module.labels, module)


def add_adapters(
    model: TaskModel, head: Iterable[nn.Parameter], task: Bottlenecks, languages: LanguageAdapters | None = None
) -> None:
    """Add a task adapter to a model, on top of language adapters if given; only it and the head are trained then.

    Args:
        model: has no adapters yet.
        head: parameters of the head; frozen ones stay frozen.
        task: the task adapter, which becomes a part of the model's module.
        languages: language adapters.

    Raises:
        RecipeError: the head is a decoder.
    """
    if isinstance(model.module, LabelWords):
        raise RecipeError(
            "finetune.adapter: a method of the recipe uses the decoder as the head, which is too large to train along "
            "with an adapter; remove one of the two"
        )
    kept = set(map(id, head))
    for parameter in model.parameters():
        parameter.requires_grad_(parameter.requires_grad and id(parameter) in kept)
    model.adapters = Adapters(model.module, model.encoder, task, languages)
