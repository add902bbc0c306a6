"""The training of a task: its methods, input settings, model and batches, for every stage that trains a task."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.api import registry
from crosslift.api.examples import Example
from crosslift.encoder.encoder import Encoder
from crosslift.errors import RecipeError
from crosslift.finetune.bases.combined import Combined
from crosslift.finetune.bases.method import FinetuneMethod
from crosslift.heads.input_settings import WHOLE, InputSettings, default_length
from crosslift.heads.task_model import TaskModel
from crosslift.heads.trimmed_vocabulary import TrimmedVocabulary
from crosslift.pipeline.inputs.task_data import TaskData
from crosslift.pipeline.inputs.task_inputs import training_items, training_views
from crosslift.recipe import FinetuneTable
from crosslift.train.batches import Stream
from crosslift.train.task_items import Item, choices_of, rows_of


def method_of(table: FinetuneTable, data: TaskData, *, key: str = "finetune") -> Combined:
    """Return the methods of a table as one method; `key` is the table's place in the recipe.

    Raises:
        RecipeError: methods that exclude each other, or one that is not defined for the task type.
    """
    methods = [registry.load("finetune", method.use).model_validate(method.settings) for method in table.method]
    for index, (method, named) in enumerate(zip(methods, table.method, strict=True)):
        if data.task.task_type not in method.task_types:
            reason = method.reasons.get(data.task.task_type)
            raise RecipeError(
                f"{key}.method.{index}.use: '{named.use}' is defined for {', '.join(method.task_types)} tasks; "
                f"'{data.task.name}' is a '{data.task.task_type}' task{f' ({reason})' if reason else ''}"
            )
    _check_positions(methods, table, data, key)
    return Combined.of(methods, [named.weight for named in table.method])


def _check_positions(methods: Sequence[FinetuneMethod], table: FinetuneTable, data: TaskData, key: str) -> None:
    """Check that predictions are compared position by position only if no method moves the tokens."""
    names = [method.use for method in table.method]
    moving = next((index for index, method in enumerate(methods) if method.moves), None)
    comparing = next((index for index, method in enumerate(methods) if method.compares), None)
    if data.task.task_type == "extractive_qa" and moving is not None and comparing is not None:
        raise RecipeError(
            f"{key}.method.{moving} and {key}.method.{comparing}: '{names[moving]}' moves the tokens of a context, and "
            f"'{names[comparing]}' compares predictions position by position; use a view that keeps the positions "
            "(self_augment, embedding_mixup, random_perturbation, adversarial)"
        )


def input_settings_of(table: FinetuneTable, data: TaskData, *, key: str = "finetune") -> InputSettings:
    """Return the parts of an example that the model reads, and their lengths.

    Raises:
        RecipeError: a setting that the task type does not have; `key` is the table's place in the recipe.
    """
    task_type = data.task.task_type
    stride = table.doc_stride if task_type == "extractive_qa" else None
    input_settings = InputSettings(
        **table.input.model_dump(), max_length=table.max_length or default_length(task_type), doc_stride=stride
    )
    task_types = {"texts": ("pair", "multiple_choice"), "subwords": ("tagging",), "vote": ("tagging",)}
    for name, known in task_types.items():
        if getattr(input_settings, name) != getattr(WHOLE, name) and task_type not in known:
            raise RecipeError(
                f"{key}.input.{name}: it is for {' and '.join(known)} tasks; '{data.task.name}' is a '{task_type}' task"
            )
    return input_settings


def task_model(
    encoder: Encoder,
    method: Combined,
    data: TaskData,
    *,
    seed: int,
    input_settings: InputSettings = WHOLE,
    key: str = "finetune",
) -> TaskModel:
    """Return the model to train, with the head of the method that makes one, else the usual head of the task type.

    Raises:
        RecipeError: the method's settings do not suit the task or the encoder; `key` is the table's place.
    """
    try:
        head = method.head(encoder, task=data.task.name, task_type=data.task.task_type, labels=data.labels, seed=seed)
    except RecipeError as error:
        raise RecipeError(f"{key}.{error}") from error
    if head is not None and input_settings.texts != WHOLE.texts:
        raise RecipeError(f"{key}.input.texts: a method of the table puts texts into a prompt, which needs all of them")
    return TaskModel.create(
        encoder, data.task.task_type, data.labels, seed=seed, head=head, input_settings=input_settings
    )


def training_stream(
    encoder: Encoder, model: TaskModel, method: Combined, table: FinetuneTable, data: TaskData, *, seed: int
) -> tuple[Stream, list[Item]]:
    """Prepare the method for the training examples; return their stream and their items.

    Raises:
        DataError: examples with different numbers of choices.
        RecipeError: `batch_tokens` with a method that needs examples together.
    """
    words = "words" in method.requires
    train = training_items(model, data, words=words)
    choices_of(train)
    method.begin(encoder, rows_of(train), training_views(model, data, words=words))
    return _stream(table, method, train, data.train, seed), train


def _stream(
    table: FinetuneTable, method: Combined, items: Sequence[Item], examples: Sequence[Example], seed: int
) -> Stream:
    """Return the stream of a task's items; examples that the method needs together are in one batch."""
    blocks = [method.block(examples[item.example]) for item in items]
    if None not in blocks and table.batch_tokens is not None:
        raise RecipeError(
            "finetune.batch_tokens: a method of the recipe keeps examples together, so batches are counted in "
            "examples; give `batch_size` instead"
        )
    return Stream(
        items,
        [len(item) for item in items],
        batch_size=table.batch_size,
        batch_tokens=table.batch_tokens,
        seed=seed,
        blocks=None if None in blocks else blocks,
    )


def trimmed(model: TaskModel, table: FinetuneTable, items: Sequence[Item]) -> TrimmedVocabulary | None:
    """Train only the embeddings of subwords that occur in the items.

    Not with weight decay, which changes the others too, nor with an adapter, which leaves all embeddings frozen.
    """
    if table.weight_decay > 0 or table.adapter is not None:
        return None
    return TrimmedVocabulary(model.encoder, {token for row in rows_of(items) for token in row.tokens.ids})
