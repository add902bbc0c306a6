"""Examples per second of fine-tuning, against the same model with every batch padded to a fixed length.

    python benchmarks/finetune_throughput.py [--threads 1] [--rounds 3] [--batches 6] [--json FILE]

The model is MiniLM-shaped (6 layers, 384 wide, 250,000 subwords) with random weights; lengths are drawn to look like
NLI (mean about 30 tokens, a tail to 128); a batch is 32 examples.  A step is forward, backward, clipping and AdamW,
through crosslift's own loop.  Batching methods take turns in one run, so that a busy machine slows them equally:

- padded to 128: as in XTREME's scripts and common example scripts; the baseline;
- padded to the longest: random batches, padded to their longest example;
- similar length: batches of examples of similar length, so that there is almost no padding;
- crosslift: the same, and only the embedding rows that the data uses are trained (exact without weight decay on them).

Token ids follow Zipf's law.

Seconds are process seconds (of all threads), the median over rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from transformers import BertConfig, BertForMaskedLM

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs, Tokens
from crosslift.encoder.scratch.tokenizer import train_tokenizer
from crosslift.finetune.bases.batch import LabelledBatch
from crosslift.finetune.plain import Plain
from crosslift.heads.task_model import TaskModel
from crosslift.heads.trimmed_vocabulary import TrimmedVocabulary
from crosslift.recipe import FinetuneTable
from crosslift.runs.write import JsonLines
from crosslift.train.batches import BUCKET_BATCHES, Stream
from crosslift.train.loop import Loop
from crosslift.train.objective import Objective
from crosslift.train.task_items import TaskItem

FIXED = 128
BATCH = 32
VOCABULARY = 250_000


class PlainFixed(Plain):
    """Plain fine-tuning that pads every batch to a fixed length."""

    def collate(self, model: TaskModel, items: Sequence[TaskItem], generator: torch.Generator) -> LabelledBatch:
        batch = super().collate(model, items, generator)
        columns = FIXED - batch.inputs.ids.shape[1]

        def longer(tensor: torch.Tensor | None, value: int) -> torch.Tensor | None:
            return None if tensor is None else torch.nn.functional.pad(tensor, (0, columns), value=value)

        inputs = batch.inputs
        return replace(
            batch,
            inputs=Inputs(
                ids=longer(inputs.ids, 0),
                mask=longer(inputs.mask, 0),
                special=longer(inputs.special, 1),
                segments=longer(inputs.segments, 0),
            ),
        )


class InOrder(Stream):
    """Batches of the items in their given order, which is random."""

    def indices(self, step: int) -> np.ndarray:
        start = step * self.batch_size % (len(self.items) - self.batch_size + 1)
        return np.arange(start, start + self.batch_size)


@dataclass(frozen=True)
class Way:
    """One method of batching."""

    name: str
    method: Plain
    stream: type[Stream]
    trimmed: bool = False


WAYS = (
    Way("padded to 128", PlainFixed(), InOrder),
    Way("padded to the longest", Plain(), InOrder),
    Way("similar length", Plain(), Stream),
    Way("crosslift", Plain(), Stream, trimmed=True),
)


def lengths(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return NLI-like lengths: log-normal, mean about 30, cut to 8..128."""
    return np.clip(np.round(rng.lognormal(3.25, 0.55, count)), 8, FIXED).astype(int)


def items(count: int) -> list[TaskItem]:
    rng = np.random.default_rng(0)
    frequencies = 1 / np.arange(1, VOCABULARY - 4)
    frequencies /= frequencies.sum()
    rows = []
    for number, length in enumerate(lengths(count, rng)):
        ids = tuple((5 + rng.choice(VOCABULARY - 5, length, p=frequencies)).tolist())
        tokens = Tokens(ids, special=(False,) * length, segments=(0,) * length)
        rows.append(TaskItem(tokens, int(number % 3), number))
    return rows


def task_model() -> TaskModel:
    tokenizer = train_tokenizer(["a few words are enough for a tokenizer nobody will ask"], 40)
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1536,
        pad_token_id=0,
    )
    encoder = Encoder(BertForMaskedLM(config), tokenizer, masked_head=True)
    return TaskModel.create(encoder, "pair", ("entailment", "neutral", "contradiction"), seed=0)


def cpu_seconds(way: Way, model: TaskModel, data: list[TaskItem], precision: str, steps: int) -> tuple[float, float]:
    """Return (process seconds, share of computed tokens that is padding) of `steps` steps after one to warm up."""
    used = {token for item in data for token in item.tokens.ids}
    vocabulary = TrimmedVocabulary(model.encoder, used) if way.trimmed else None
    table = FinetuneTable(task="xnli", steps=steps, batch_size=BATCH, precision=precision)
    stream = way.stream(data, [len(item) for item in data], batch_size=BATCH, seed=0)
    clock = {}
    with tempfile.TemporaryDirectory() as folder:

        def on_step(step: int, terms: dict[str, float]) -> None:
            del terms
            if step == 1:
                clock["start"] = time.process_time()

        Loop(
            model=model,
            module=model.module,
            objectives=[Objective("plain", way.method, stream)],
            table=table,
            steps=steps + 1,
            seed=0,
            stage="finetune",
            states=Path(folder) / "states",
            log=JsonLines(Path(folder) / "log.jsonl"),
            on_step=on_step,
        ).run()
        seconds = time.process_time() - clock["start"]
    if vocabulary is not None:
        vocabulary.restore()
    return seconds, padding(way, data, stream, steps)


def padding(way: Way, data: list[TaskItem], stream: Stream, steps: int) -> float:
    real = computed = 0
    for step in range(1, steps + 1):
        sizes = [len(data[index]) for index in stream.indices(step)]
        real += sum(sizes)
        computed += len(sizes) * (FIXED if isinstance(way.method, PlainFixed) else max(sizes))
    return 1 - real / computed


def measure(rounds: int, batches: int) -> list[dict[str, object]]:
    data = items(BATCH * BUCKET_BATCHES)
    model = task_model()
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for precision in ("float32", "bfloat16"):
            for way in WAYS:
                # Batches of similar length differ in cost by their length: only a whole bucket is a fair sample.
                steps = BUCKET_BATCHES - 1 if way.stream is Stream else batches
                seconds, padded = cpu_seconds(way, model, data, precision, steps)
                found.setdefault((way.name, precision), []).append((steps * BATCH / seconds, padded))
    base = statistics.median(rate for rate, _ in found["padded to 128", "float32"])
    return [
        {
            "way": name,
            "precision": precision,
            "examples_per_second": statistics.median(rate for rate, _ in results),
            "padding": results[0][1],
            "ratio": statistics.median(rate for rate, _ in results) / base,
        }
        for (name, precision), results in found.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, default=6, help="steps of a padded method per round")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows = measure(arguments.rounds, arguments.batches)
    table = Table(title=f"fine-tuning, MiniLM-shaped, batch {BATCH}, {arguments.threads} thread(s)")
    for column in ("batching", "precision", "examples / CPU second", "padding", "ratio"):
        table.add_column(column)
    for row in rows:
        table.add_row(
            str(row["way"]),
            str(row["precision"]),
            f"{row['examples_per_second']:.1f}",
            f"{row['padding']:.0%}",
            f"{row['ratio']:.2f}",
        )
    Console().print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
