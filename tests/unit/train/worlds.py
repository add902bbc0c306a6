"""A tiny encoder and sentences to train it on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crosslift.align.mlm import Mlm
from crosslift.encoder.encoder import Encoder
from crosslift.recipe import PretrainTable
from crosslift.run_directory import JsonLines
from crosslift.train.loop import Loop, Objective
from crosslift.train.streams import Stream
from tests.tiny import TEXTS


def mlm_loop(checkpoint: Path, states: Path, *, method: Any = None, steps: int = 12, **table: Any) -> Loop:
    """Return a loop that masks the words of the tiny texts; no state is saved unless `save_seconds` is low."""
    encoder = Encoder.load(checkpoint)
    items = encoder.tokenize(TEXTS * 4, language=encoder.languages[0] if encoder.languages else None)
    settings = PretrainTable(**{"steps": steps, "batch_size": 8, "learning_rate": 1e-3, **table})
    stream = Stream(items, [len(item) for item in items], batch_size=settings.batch_size, seed=3)
    return Loop(
        model=encoder,
        module=encoder.model,
        objectives=[Objective("mlm", method or Mlm(mask_probability=0.3), stream)],
        table=settings,
        steps=steps,
        seed=5,
        stage="pretrain",
        states=states,
        log=JsonLines(states.parent / f"{states.name}.jsonl"),
    )
