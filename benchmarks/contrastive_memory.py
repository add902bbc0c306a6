"""Large contrastive batches: memory and time with gradient caching, against the whole batch at once.

    python benchmarks/contrastive_memory.py --threads 1 --batch-size 256 1024 4096 --chunk-size 32 --json results.json

A step is the work of the `sentence_contrastive` objective between two optimizer steps: from token ids of both sides to
the gradients of all weights, with dropout.  The model is MiniLM-shaped (6 layers, 384 wide, 250,000 subwords) with
random weights; sentences have 24 to 36 tokens, as in a batch of similar lengths.  Methods:

- direct: the whole batch in one graph, for batches up to `--direct`; larger ones do not fit into memory;
- cached: `chunk_size` rows at a time, embedded once without a graph and once with.

Seconds are CPU seconds of the process (the median of repetitions, methods in turn), so other work on the machine hardly
matters; with one thread they are wall seconds of an idle machine.  Extra memory is the peak of resident memory above
that before the step, when weights and gradients are already allocated, each in its own process.  Ratios are to the
direct method at the same batch size or, where that is not measured, per pair to its largest batch.  Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

LONGEST = 36
SEED = 0


def main() -> None:
    """Measure and print a table."""
    options = _options()
    if options.child:
        what, *sizes = options.child
        measure = Measurement(options, *map(int, sizes))
        print(json.dumps(measure.seconds() if what == "seconds" else measure.megabytes()))
        return
    rows = [row for size in options.batch_size for row in measured(options, size)]
    with_ratios(rows)
    show(rows, options)
    if options.json:
        settings = {name: value for name, value in vars(options).items() if name not in ("json", "child")}
        options.json.write_text(json.dumps({**settings, "rows": rows}, indent=2) + "\n", encoding="utf-8")


def measured(options: argparse.Namespace, size: int) -> list[dict[str, Any]]:
    """Measure the methods at one batch size, each in a fresh process, in turn."""
    ways = {"direct": size} if size <= options.direct else {}
    if size > options.chunk_size:
        ways["cached"] = options.chunk_size
    spent: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(options.repeats):
        for way, chunk in ways.items():
            spent[way].append(_child("seconds", size, chunk))
    return [
        {
            "batch_size": size,
            "way": way,
            "cpu_seconds": statistics.median(spent[way]),
            "extra_megabytes": _child("megabytes", size, chunk),
        }
        for way, chunk in ways.items()
    ]


def with_ratios(rows: list[dict[str, Any]]) -> None:
    """Add the ratios of time and memory to the direct method."""
    direct = {row["batch_size"]: row for row in rows if row["way"] == "direct"}
    for row in rows:
        if not direct:
            row["time_ratio"] = row["memory_ratio"] = None
            continue
        size = row["batch_size"] if row["batch_size"] in direct else max(direct)
        scale = row["batch_size"] / size
        row["time_ratio"] = row["cpu_seconds"] / (direct[size]["cpu_seconds"] * scale)
        row["memory_ratio"] = row["extra_megabytes"] / (direct[size]["extra_megabytes"] * scale)


class Measurement:
    """A model, a batch and a method.  Imports torch only when instantiated."""

    def __init__(self, options: argparse.Namespace, batch_size: int, chunk_size: int) -> None:
        import torch

        from crosslift.align.sentence_contrastive import SentenceContrastive

        torch.set_num_threads(options.threads)
        self.torch, self.precision = torch, options.precision
        self.encoder = _encoder(options)
        self.method = SentenceContrastive(chunk_size=chunk_size)
        self.batch = _batch(batch_size, options.vocabulary)
        for parameter in self.encoder.parameters():
            parameter.grad = torch.ones_like(parameter)  # ones, since zeros would not allocate the pages

    def seconds(self) -> float:
        """Return the CPU seconds of a step, after one on a few rows to warm up."""
        warm = self.batch.select(self.torch.arange(8))
        self._step(warm)
        start = time.process_time()
        self._step(self.batch)
        return time.process_time() - start

    def megabytes(self) -> float:
        """Return the peak of resident memory above that before the step."""
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak
        before = _resident("VmRSS")
        self._step(self.batch)
        return (_resident("VmHWM") - before) / 1024

    def _step(self, batch: Any) -> None:
        self.torch.manual_seed(SEED)
        with self.torch.autocast("cpu", self.torch.bfloat16, enabled=self.precision == "bf16"):
            self.method.step(self.encoder, batch, lambda terms: sum(terms.values()).backward())


def _encoder(options: argparse.Namespace) -> Any:
    """Return a MiniLM-shaped encoder with random weights; only the size of its tokenizer is used."""
    from tokenizers import Tokenizer, models
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    from crosslift.encoder.encoder import Encoder
    from crosslift.encoder.seeding import seeded

    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"<pad>": 0})), pad_token="<pad>")
    config = BertConfig(
        vocab_size=options.vocabulary,
        hidden_size=options.hidden,
        num_hidden_layers=options.layers,
        num_attention_heads=max(1, options.hidden // 32),
        intermediate_size=4 * options.hidden,
        max_position_embeddings=LONGEST,
    )
    with seeded(SEED):
        model = BertModel(config, add_pooling_layer=False)
    return Encoder(model, tokenizer).train()


def _batch(size: int, vocabulary: int) -> Any:
    """Return pairs of sentences of 24 to 36 tokens."""
    import numpy as np

    from crosslift.align.bases.contrastive import PairBatch
    from crosslift.encoder.inputs import Inputs, pad

    rng = np.random.default_rng(SEED)
    sides = []
    for _ in range(2):
        ids = pad([rng.integers(1, vocabulary, length).tolist() for length in rng.integers(24, LONGEST + 1, size)], 0)
        sides.append(Inputs(ids=ids, mask=(ids > 0).long(), special=ids == 0))
    return PairBatch(*sides)


def _resident(field: str) -> int:
    """Return a field of /proc/self/status in kilobytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def _child(what: str, size: int, chunk: int) -> float:
    command = [sys.executable, __file__, *sys.argv[1:], "--child", what, str(size), str(chunk)]
    found: float = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return found


def show(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"contrastive step, {options.layers} layers x {options.hidden}, vocabulary {options.vocabulary}, "
        f"chunks of {options.chunk_size}, {options.precision}, {options.threads} thread(s)"
    )
    for name in ("pairs", "method", "CPU s", "ms per pair", "time ratio", "extra MB", "memory ratio"):
        table.add_column(name, justify="left" if name == "method" else "right")
    for row in rows:
        ratios = ("-" if row[name] is None else f"{row[name]:.2f}" for name in ("time_ratio", "memory_ratio"))
        time_ratio, memory_ratio = ratios
        table.add_row(
            f"{row['batch_size']:,}",
            row["way"],
            f"{row['cpu_seconds']:.2f}",
            f"{1000 * row['cpu_seconds'] / row['batch_size']:.1f}",
            time_ratio,
            f"{row['extra_megabytes']:,.0f}",
            memory_ratio,
        )
    Console(width=110).print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch-size", type=int, nargs="+", default=[256, 1024, 4096], help="pairs per step")
    parser.add_argument("--chunk-size", type=int, default=32, help="rows embedded at a time")
    parser.add_argument("--direct", type=int, default=256, help="largest batch that is also taken without caching")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--vocabulary", type=int, default=250_000)
    parser.add_argument("--hidden", type=int, default=384)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
