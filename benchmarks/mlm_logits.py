"""Masked language modelling: logits at masked positions only, against the model's own loss over all positions.

    python benchmarks/mlm_logits.py --threads 1 --json results.json

Two parts of one training step are measured, forward and backward, for an XLM-R-shaped model:

- loss: from the last layer's states through the masked-LM head to the loss, and back to the states and the head's
  weights (including the tied embedding matrix);
- step: the whole model, from token ids to the gradients of all weights.

Seconds are CPU seconds of the process (the median of interleaved repetitions), so other work on the machine hardly
matters; with one thread they are wall seconds of an idle machine.  Extra memory is the peak of resident memory above
that before the part began, gradients included, each in its own process.  bf16 is autocast over fp32 weights.  Both
methods give the same loss, which is checked.  Needs Linux for the memory.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PARTS = ("loss", "step")
PRECISIONS = ("fp32", "bf16")
WAYS = ("own", "masked")
SEED = 0


@dataclass(frozen=True)
class Sizes:
    """Shape of the model and of the batch."""

    tokens: int
    length: int
    vocabulary: int
    hidden: int
    layers: int
    masked: float


def main() -> None:
    """Measure and print a table."""
    options = _options()
    sizes = Sizes(**{name: getattr(options, name) for name in Sizes.__dataclass_fields__})
    if options.child:
        what, part, precision, way = options.child
        measure = Measurement(sizes, precision, threads=options.threads)
        found = measure.seconds(part, options.repeats) if what == "seconds" else measure.memory(part, way)
        print(json.dumps(found))
        return
    rows = [row(part, precision) for part in PARTS for precision in PRECISIONS]
    show(rows, sizes, threads=options.threads)
    if options.json:
        options.json.write_text(json.dumps({"sizes": vars(sizes), "threads": options.threads, "rows": rows}, indent=2))


def row(part: str, precision: str) -> dict[str, Any]:
    """Measure one part in one precision, in fresh processes."""
    seconds = _child("seconds", part, precision, "both")
    memory = {way: _child("memory", part, precision, way) for way in WAYS}
    return {"part": part, "precision": precision, "cpu_seconds": seconds, "extra_megabytes": memory}


class Measurement:
    """A model, a batch, and the two ways to a loss.  Imports torch only when instantiated."""

    def __init__(self, sizes: Sizes, precision: str, *, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.torch = torch
        self.encoder = _encoder(sizes)
        self.precision = precision
        draw = torch.Generator().manual_seed(SEED)
        shape = (sizes.tokens // sizes.length, sizes.length)
        self.ids = torch.randint(5, sizes.vocabulary, shape, generator=draw)
        self.positions = torch.rand(shape, generator=draw) < sizes.masked
        self.labels = torch.where(self.positions, self.ids, -100)
        self.states = torch.randn((*shape, sizes.hidden), generator=draw)

    def seconds(self, part: str, repeats: int) -> dict[str, float]:
        """Return the median CPU seconds of both methods, which take turns."""
        rounds: list[dict[str, tuple[float, float]]] = []
        for _ in range(repeats):
            rounds.append({way: self._timed(part, way) for way in WAYS})
            own, masked = (rounds[-1][way][1] for way in WAYS)
            if abs(own - masked) > (1e-4 if self.precision == "fp32" else 1e-2) * abs(own):
                raise SystemExit(f"the losses differ: {own} and {masked}")
        return {way: statistics.median(found[way][0] for found in rounds) for way in WAYS}

    def memory(self, part: str, way: str) -> float:
        """Return the peak of resident memory above that before, in megabytes."""
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak
        before = _resident("VmRSS")
        self._run(part, way)
        return (_resident("VmHWM") - before) / 1024

    def _timed(self, part: str, way: str) -> tuple[float, float]:
        start = time.process_time()
        loss = self._run(part, way)
        spent = time.process_time() - start
        self.encoder.model.zero_grad(set_to_none=True)
        return spent, loss

    def _run(self, part: str, way: str) -> float:
        torch = self.torch
        loss_of: Callable[[], Any] = getattr(self, f"_{part}_{way}")
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.precision == "bf16"):
            loss = loss_of()
        loss.backward()
        return float(loss.detach())

    def _loss_own(self) -> Any:
        # the lines of XLMRobertaForMaskedLM.forward after the transformer
        logits = self.encoder.model.lm_head(self.states.requires_grad_())
        criterion = self.torch.nn.CrossEntropyLoss()
        return criterion(logits.view(-1, logits.shape[-1]), self.labels.view(-1))

    def _loss_masked(self) -> Any:
        return self._masked(self.states.requires_grad_())

    def _step_own(self) -> Any:
        mask = self.torch.ones_like(self.ids)
        return self.encoder.model(input_ids=self.ids, attention_mask=mask, labels=self.labels).loss

    def _step_masked(self) -> Any:
        from crosslift.encoder.inputs import Inputs

        inputs = Inputs(self.ids, self.torch.ones_like(self.ids), self.torch.zeros_like(self.positions))
        return self._masked(self.encoder.encode(inputs))

    def _masked(self, states: Any) -> Any:
        logits = self.encoder.masked_logits(states, self.positions)
        return self.torch.nn.functional.cross_entropy(logits, self.ids[self.positions])


def _encoder(sizes: Sizes) -> Any:
    """Return an XLM-R-shaped encoder with random weights; only the size of its tokenizer is used."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaForMaskedLM

    from crosslift.encoder.encoder import Encoder
    from crosslift.encoder.seeding import seeded

    special = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel(special)), pad_token="<pad>")
    config = XLMRobertaConfig(
        vocab_size=sizes.vocabulary,
        hidden_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.hidden // 64,
        intermediate_size=4 * sizes.hidden,
        max_position_embeddings=sizes.length + 2,
        type_vocab_size=1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    with seeded(SEED):
        model = XLMRobertaForMaskedLM(config)
    return Encoder(model, tokenizer, masked_head=True).train()


def _resident(field: str) -> int:
    """Return a field of /proc/self/status in kilobytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def _child(*what: str) -> Any:
    command = [sys.executable, __file__, *sys.argv[1:], "--child", *what]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def show(rows: list[dict[str, Any]], sizes: Sizes, *, threads: int) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"MLM, {sizes.tokens} tokens in rows of {sizes.length}, {sizes.masked:.0%} masked, "
        f"vocabulary {sizes.vocabulary}, {sizes.layers} layers x {sizes.hidden}, {threads} thread(s)"
    )
    for name in ("part", "precision"):
        table.add_column(name)
    for name in ("own, CPU s", "masked, CPU s", "ratio", "own, extra MB", "masked, extra MB", "ratio"):
        table.add_column(name, justify="right")
    for found in rows:
        (own, masked), (large, small) = (
            (found[measure]["own"], found[measure]["masked"]) for measure in ("cpu_seconds", "extra_megabytes")
        )
        cells = (f"{own:.2f}", f"{masked:.2f}", f"{own / masked:.2f}", f"{large:,.0f}", f"{small:,.0f}")
        table.add_row(found["part"], found["precision"], *cells, f"{small / large:.2f}")
    Console(width=110).print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=1024, help="tokens per batch")
    parser.add_argument("--length", type=int, default=128, help="tokens per row")
    parser.add_argument("--vocabulary", type=int, default=250_000)
    parser.add_argument("--hidden", type=int, default=768)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--masked", type=float, default=0.15, help="share of masked positions")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
