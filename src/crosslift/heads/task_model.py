"""Task models: an encoder and a head, saved as a checkpoint that transformers itself can use."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from crosslift.adapters.bottleneck import Bottlenecks
from crosslift.adapters.languages import Adapters, LanguageAdapters
from crosslift.api.examples import TaskType
from crosslift.compat import (
    AutoModelForMultipleChoice,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PretrainedConfig,
    PreTrainedModel,
    quiet,
)
from crosslift.encoder import loading
from crosslift.encoder.encoder import Encoder, seeded
from crosslift.encoder.families import family_of
from crosslift.encoder.inputs import Inputs
from crosslift.encoder.pooling import write_pooling
from crosslift.errors import CheckpointError, RecipeError
from crosslift.heads.input_settings import WHOLE, InputSettings, input_settings_of, write_input_settings
from crosslift.heads.intent_slot import restricted
from crosslift.heads.label_names import LabelNames, has_names
from crosslift.heads.label_words import LABEL_WORDS_FILE, LabelWords, read_wording
from crosslift.heads.linear import HEAD_FILE, LinearHead, copied, read_description
from crosslift.heads.prompt import Prompt

log = logging.getLogger(__name__)

_HEADS: dict[str, Any] = {
    "sentence": AutoModelForSequenceClassification,
    "pair": AutoModelForSequenceClassification,
    "tagging": AutoModelForTokenClassification,
    "intent_slot": AutoModelForTokenClassification,
    "extractive_qa": AutoModelForQuestionAnswering,
    "multiple_choice": AutoModelForMultipleChoice,
}
"""transformers' class of a kind of task."""
_ENDINGS: dict[str, TaskType] = {
    "ForSequenceClassification": "sentence",
    "ForTokenClassification": "tagging",
    "ForQuestionAnswering": "extractive_qa",
    "ForQuestionAnsweringSimple": "extractive_qa",
    "ForMultipleChoice": "multiple_choice",
}
"""What a checkpoint that crosslift did not write says about its kind; a pair is classified like a sentence."""
_OUTPUTS: dict[str, tuple[str, ...]] = {"extractive_qa": ("start", "end"), "multiple_choice": ("score",)}
_KIND = "crosslift_task_type"
"""Key of config.json that holds the kind of task."""


@dataclass(frozen=True)
class Output:
    """What a task model makes of a batch."""

    logits: Tensor
    """As `TaskModel.logits` returns them."""
    states: Tensor
    """What the head was given: (batch, length, hidden)."""


@dataclass
class TaskModel:
    """An encoder with a task's head.

    The head is transformers' own where the family has one, so that ``transformers.pipeline("text-classification",
    DIRECTORY)`` gives label names; it does not know that a joint model's outputs are of two kinds
    (`crosslift.heads.intent_slot`).  The encoder halves of T5 and M2M100 have none: they get `LinearHead`, saved beside
    the encoder's checkpoint, which transformers' pipeline does not know.  Or a head is given: `LabelWords`, the decoder
    of a text-to-text model, or `LabelNames`.

    `encoder` looks at the same weights as `module`: training one trains the other.
    """

    encoder: Encoder
    task_type: TaskType
    labels: tuple[str, ...]
    module: nn.Module
    adapters: Adapters | None = None
    """Small networks between the encoder's layers, where there are some; the task's is a part of `module`."""

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
        """Return a task model that starts from a copy of `encoder`'s weights and a head drawn from `seed`.

        Args:
            encoder: stays as it is.
            task_type: "sentence", "pair", "tagging", "intent_slot", "extractive_qa" or "multiple_choice".
            labels: names of the outputs; ignored for "extractive_qa" and "multiple_choice", whose outputs are fixed.
            seed: of the head's random weights.
            head: made of this encoder, for this kind and these labels; None makes the family's own.
            input_settings: what of an example is read.

        Raises:
            RecipeError: the kind has no head, or there are no labels.
        """
        made = cls._created(encoder, task_type, _outputs(task_type, labels), seed=seed, head=head)
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
        if encoder.has_own_heads:
            return cls._own(encoder, task_type, outputs, seed=seed)
        with seeded(seed), quiet():
            module = _HEADS[task_type].from_config(_config(encoder, task_type, outputs), dtype=torch.float32)
        _take_over(module, encoder)
        module.to(encoder.device).eval()
        return cls(Encoder(module, encoder.tokenizer, name=encoder.name), task_type, outputs, module)

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        """Load a saved task model, or any sequence or token classification checkpoint of a supported family.

        Raises:
            CheckpointError: not a checkpoint, no tokenizer, no task head, or a head that does not fit its labels, or
                adapters that do not fit the encoder.
        """
        made = cls._load(str(directory))
        made.adapters = Adapters.load(made.module, made.encoder, directory)
        return made

    @classmethod
    def _load(cls, place: str) -> Self:
        config = loading.load_config(place)
        family = family_of(config, where=place)
        if (Path(place) / HEAD_FILE).is_file():
            return cls._load_own(place)
        if (Path(place) / LABEL_WORDS_FILE).is_file():
            return cls._with(LabelWords.load(place))
        task_type = _kind_of(config, place)
        tokenizer = loading.load_tokenizer(place)
        loaded = loading.from_pretrained(_HEADS[task_type], place)
        loading.check_weights(loaded, place)
        if loaded.lacks:
            raise CheckpointError(
                f"{place}: the head does not match config.json: {', '.join(sorted(loaded.lacks)[:3])} missing "
                f"(a {family.name} model for '{task_type}' tasks)"
            )
        encoder = Encoder(loaded.model, tokenizer, name=place)
        return cls(encoder, task_type, _OUTPUTS.get(task_type) or _labels_of(config), loaded.model)

    def logits(self, inputs: Inputs, embeddings: Tensor | None = None) -> Tensor:
        """Return the scores of the outputs.

        Args:
            inputs: (batch, length) fields; for "multiple_choice" one row a choice, an example's choices together.
            embeddings: word embeddings to use instead of `encoder.embed(inputs.ids)`.

        Returns:
            "sentence" and "pair" (batch, labels); "tagging" (batch, length, labels); "intent_slot" the same, with intents
            possible at the sentence's own token and tags elsewhere; "extractive_qa" (batch, length, 2), start and end;
            "multiple_choice" (examples * choices,).
        """
        logits = self._logits(inputs, embeddings)
        return restricted(logits, inputs, self.labels) if self.task_type == "intent_slot" else logits

    def outputs(self, inputs: Inputs, embeddings: Tensor | None = None, shift: Tensor | None = None) -> Output:
        """Return the scores, and the last layer's states that the head makes them of.

        Args:
            inputs: as for `logits`.
            embeddings: as for `logits`.
            shift: (batch, length, hidden), added to the states before the head sees them.
        """
        with self.encoder.last_states(shift) as seen:
            logits = self.logits(inputs, embeddings)
        return Output(logits, seen[0])

    def in_language(self, language: str) -> AbstractContextManager[None]:
        """Have the passes in a block go through the adapter of a language, where there are such.

        Raises:
            LanguageError: the language has none, and there is no fallback.
        """
        return nullcontext() if self.adapters is None else self.adapters.in_language(language)

    def save(self, directory: str | Path) -> None:
        """Write a checkpoint, its tokenizer and its label names; adapters are in a folder of it."""
        if self.adapters is None:
            self._save(directory)
            return
        with self.adapters.apart():
            self._save(directory)
        self.adapters.save(directory)

    def _save(self, directory: str | Path) -> None:
        if isinstance(self.module, LabelWords):
            self.module.save(directory)
            return
        self.encoder.save(directory)
        if isinstance(self.module, LinearHead):
            self.module.save(directory)

    @property
    def prompt(self) -> Prompt | None:
        """What texts are put into before the encoder reads them; None where it reads them as they are."""
        return self.module.prompt if isinstance(self.module, LabelWords) else None

    @property
    def input_settings(self) -> InputSettings:
        """What of an example is read, and which pieces of a word stand for it."""
        return input_settings_of(self.encoder.base.config)

    def parameters(self) -> Iterator[nn.Parameter]:
        """All parameters, the encoder's and the head's."""
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
        """Move the weights."""
        self.module.to(device)
        return self

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.encoder.device

    def _logits(self, inputs: Inputs, embeddings: Tensor | None) -> Tensor:
        if isinstance(self.module, LinearHead | LabelWords):
            states = self.encoder.encode(inputs, embeddings)
            return cast("Tensor", self.module(states, inputs))
        arguments = self.encoder.arguments(inputs, embeddings)
        if self.task_type == "multiple_choice":
            # transformers wants (examples, choices, length); with one choice an example, rows stay independent
            output = self.module(**{name: value.unsqueeze(1) for name, value in arguments.items()})
            return output.logits.squeeze(1)  # type: ignore[no-any-return]
        output = self.module(**arguments)
        if self.task_type == "extractive_qa":
            return torch.stack((output.start_logits, output.end_logits), dim=-1)
        return output.logits  # type: ignore[no-any-return]

    @classmethod
    def _own(cls, encoder: Encoder, task_type: TaskType, labels: tuple[str, ...], *, seed: int) -> Self:
        own = copied(encoder)
        module = LinearHead(own.model, task_type, labels, generator=torch.Generator().manual_seed(seed))
        return cls(own, task_type, labels, module.eval())

    @classmethod
    def _with(cls, head: LabelWords | LabelNames) -> Self:
        return cls(head.encoder, head.task_type, head.labels, head.eval())

    @classmethod
    def _load_own(cls, place: str) -> Self:
        encoder = Encoder.load(place)
        if has_names(place):
            return cls._with(LabelNames.load_named(encoder, place))
        module = LinearHead.load(encoder.model, place).eval()
        return cls(encoder, module.task_type, module.labels, module)


def add_adapters(
    model: TaskModel, head: Iterable[nn.Parameter], task: Bottlenecks, languages: LanguageAdapters | None = None
) -> None:
    """Put a task's adapter into a model, on top of those of languages; only it and the head are trained from now on.

    Args:
        model: has none yet.
        head: the head's parameters; those that are frozen stay so.
        task: becomes a part of the model's module.
        languages: adapters of languages.

    Raises:
        RecipeError: a decoder for a head.
    """
    if isinstance(model.module, LabelWords):
        raise RecipeError(
            "finetune.adapter: a method of the recipe makes a decoder the head, which is no small part to train beside "
            "an adapter; leave one of the two out"
        )
    kept = set(map(id, head))
    for parameter in model.parameters():
        parameter.requires_grad_(parameter.requires_grad and id(parameter) in kept)
    model.adapters = Adapters(model.module, model.encoder, task, languages)


def described(directory: str | Path) -> tuple[TaskType, tuple[str, ...]] | None:
    """Return the kind and the outputs' names of a saved model, without loading its weights; None without a task head.

    Raises:
        CheckpointError: not a checkpoint of a supported family.
    """
    place = str(directory)
    config = loading.load_config(place)
    family_of(config, where=place)
    if (Path(place) / HEAD_FILE).is_file():
        return read_description(place)
    if (Path(place) / LABEL_WORDS_FILE).is_file():
        wording = read_wording(place)
        return wording.task_type, wording.labels
    task_type = _kind_named(config)
    return None if task_type is None else (task_type, _OUTPUTS.get(task_type) or _labels_of(config))


def _outputs(task_type: TaskType, labels: Sequence[str]) -> tuple[str, ...]:
    if task_type not in _HEADS:
        raise RecipeError(
            f"a '{task_type}' task has no head to train; it is scored with the encoder's own sentence vectors "
            f"(task types with a head: {', '.join(_HEADS)})"
        )
    outputs = _OUTPUTS.get(task_type, tuple(labels))
    if not outputs or len(set(outputs)) < len(outputs):
        raise RecipeError(
            f"a '{task_type}' task needs label names, each once, to make a head for: {list(labels)} given"
        )
    return outputs


def _config(encoder: Encoder, task_type: TaskType, outputs: tuple[str, ...]) -> PretrainedConfig:
    config: PretrainedConfig = copy.deepcopy(encoder.base.config)
    setattr(config, _KIND, task_type)
    config.num_labels = 2  # start and end of a span; the encoder may come from a task with more labels
    if task_type not in _OUTPUTS:
        config.id2label = dict(enumerate(outputs))
        config.label2id = {label: number for number, label in enumerate(outputs)}
    return config


def _take_over(module: PreTrainedModel, encoder: Encoder) -> None:
    """Copy the encoder's weights into `module`.

    ModernBERT's task heads begin with a layer of its masked-LM head; that is taken over too, another task's head never.
    """
    weights = encoder.state()
    if encoder.base is encoder.model:
        weights = {f"{module.base_model_prefix}.{name}": value for name, value in weights.items()}
    wanted = module.state_dict()
    known = {
        name: value
        for name, value in weights.items()
        if name in wanted and (loading.in_base(module, name) or encoder.has_masked_language_model)
    }
    module.load_state_dict(known, strict=False)
    missing = sorted(name for name in wanted if loading.in_base(module, name) and name not in known)
    if any("pooler." not in name for name in missing):
        raise CheckpointError(f"{encoder.name} lacks weights that its task head builds on: {', '.join(missing[:3])}")
    if missing:
        log.info("%s has no pooler; the task's head starts with a random one", encoder.name)


def _kind_named(config: PretrainedConfig) -> TaskType | None:
    task_type = getattr(config, _KIND, None)
    if task_type in _HEADS:
        return cast("TaskType", task_type)
    endings = ((architecture, *each) for architecture in config.architectures or () for each in _ENDINGS.items())
    return next((meant for architecture, ending, meant in endings if architecture.endswith(ending)), None)


def _kind_of(config: PretrainedConfig, place: str) -> TaskType:
    if task_type := _kind_named(config):
        return task_type
    found = ", ".join(config.architectures or ()) or "none named"
    raise CheckpointError(
        f"{place}: the checkpoint has no task head (architecture: {found}); fine-tune it on a task first"
    )


def _labels_of(config: PretrainedConfig) -> tuple[str, ...]:
    names: dict[int, str] = config.id2label  # type: ignore[assignment]
    return tuple(names[number] for number in sorted(names))
