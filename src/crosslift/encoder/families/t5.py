"""The encoder of T5, mT5, uMT5 and Flan-T5.

Positions are relative, without a limit.  There is no masked-LM head; the decoder answers in text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crosslift.encoder.family import Family

if TYPE_CHECKING:
    from crosslift.encoder.loading import Loaded


def _load(name: str, **options: Any) -> Loaded:
    from crosslift.compat import AutoModelForTextEncoding  # torch, which listing the families need not load
    from crosslift.encoder.loading import from_pretrained

    return from_pretrained(AutoModelForTextEncoding, name, **options)


FAMILY = Family(
    model_types=("t5", "mt5", "umt5"),
    layers=lambda base: base.encoder.block,
    load=_load,
    longest_input=lambda _config: 512,  # what T5 and mT5 were pre-trained with
    has_task_heads=False,
    is_text_to_text=True,
)
