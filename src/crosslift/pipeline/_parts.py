"""What of a task model is trained: all of it, all but a frozen head, or an adapter and the head."""

from __future__ import annotations

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.head_weights import check_head, freeze_head, head_parameters
from crosslift.encoder.heads import TaskModel
from crosslift.encoder.lora import Lora, require_peft
from crosslift.recipe import FinetuneTable


def check_parts(table: FinetuneTable, labels: tuple[str, ...], *, key: str) -> None:
    """Check what can be known before anything is trained; `key` is the table's place in the recipe.

    Raises:
        CheckpointError: `head_from` names no model with a head for these labels.
        RecipeError: `adapter` needs a package that is not there.
    """
    if table.head_from:
        check_head(table.head_from, labels, where=f"{key}.head_from")
    if table.adapter:
        require_peft(f"{key}.adapter")


def choose_parts(model: TaskModel, encoder: Encoder, table: FinetuneTable, *, seed: int) -> Lora | None:
    """Freeze what is not to be trained, and return the adapter that is put into the model, if one is.

    Raises:
        CheckpointError: the head of `head_from` does not fit.
        RecipeError: the adapter does not suit the model.
    """
    if table.head_from:
        freeze_head(model, encoder, table.head_from)
    if table.adapter is None:
        return None
    return Lora(
        model,
        head_parameters(model, encoder).values(),
        rank=table.adapter.rank,
        alpha=table.adapter.alpha,
        dropout=table.adapter.dropout,
        modules=table.adapter.modules,
        seed=seed,
    )
