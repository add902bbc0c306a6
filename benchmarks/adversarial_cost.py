"""The cost of a step of adversarial fine-tuning, as a ratio to a plain step.

    python benchmarks/adversarial_cost.py [--threads 1] [--rounds 5] [--steps 3] [--json FILE]

The model is MiniLM-shaped (6 layers, 384 wide, 250,000 subwords) with random weights; batches have 32 examples of 24 to
36 tokens.  A step is collate, forward and backward, as the loop calls them, without the optimizer.  Methods take turns
in every round, so that a busy machine slows them equally; seconds are process seconds, the median over rounds.

"one step, naive" does what many implementations do: an ordinary backward pass, including the weights' gradients, to
find the perturbation, and another one to learn from it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from transformers import BertConfig, BertModel

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.encoder.scratch.tokenizer import train_tokenizer
from crosslift.encoder.seeding import seeded
from crosslift.finetune.adversarial import Adversarial
from crosslift.finetune.bases.batch import ModelInput
from crosslift.finetune.bases.embedding_noise import unit
from crosslift.finetune.bases.method import FinetuneMethod
from crosslift.finetune.plain import Plain
from crosslift.finetune.random_perturbation import RandomPerturbation
from crosslift.heads.task_model import TaskModel
from crosslift.train.task_items import TaskItem

BATCH = 32
VOCABULARY = 250_000
LABELS = ("entailment", "neutral", "contradiction")


class Naive(Plain):
    """The fast gradient method with a whole backward pass for the perturbation."""

    def step(self, model: TaskModel, batch: Any, backward: Any, auxiliary: Any = None) -> Any:
        del auxiliary
        embeddings = model.encoder.embed(batch.inputs.ids)
        embeddings.retain_grad()
        self.terms_of(model, batch, ModelInput(batch.inputs, embeddings), None)["task"].backward()
        delta = 0.1 * unit(embeddings.grad)
        model.module.zero_grad(set_to_none=True)
        moved = ModelInput(batch.inputs, model.encoder.embed(batch.inputs.ids) + delta)
        terms = self.terms_of(model, batch, moved, None)
        backward(terms)
        return terms


WAYS: dict[str, FinetuneMethod] = {
    "plain": Plain(),
    "random_perturbation": RandomPerturbation(),
    "one step, naive": Naive(),
    "adversarial, 1 step": Adversarial(steps=1, start="zero"),
    "adversarial, 1 step, middle": Adversarial(steps=1, start="zero", site="middle"),
    "adversarial, 3 steps": Adversarial(steps=3),
    "adversarial, 3 steps, middle": Adversarial(steps=3, site="middle"),
    "FreeLB, 3 steps": Adversarial(steps=3, update="accumulate"),
    "YOPO, 1 pass, 3 inner steps": Adversarial(steps=1, inner_steps=3, update="accumulate"),
    "YOPO, 2 passes, 3 inner steps": Adversarial(steps=2, inner_steps=3, update="accumulate"),
    "adversarial, 1 step, 3 inner steps": Adversarial(steps=1, inner_steps=3),
}


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
    with seeded(0):
        encoder = Encoder(BertModel(config), tokenizer)
    return TaskModel.create(encoder, "pair", LABELS, seed=0).train()


def items(count: int) -> list[TaskItem]:
    rng = np.random.default_rng(0)
    rows = []
    for number, length in enumerate(rng.integers(24, 37, count)):
        ids = tuple(rng.integers(5, VOCABULARY, length).tolist())
        special = (True, *(False,) * (length - 2), True)
        rows.append(TaskItem(Tokens(ids, special=special, segments=(0,) * length), number % 3, number))
    return rows


def measure(rounds: int, steps: int) -> dict[str, float]:
    """Return CPU milliseconds per step, by method."""
    model, data = task_model(), items(BATCH * steps)
    spent: dict[str, list[float]] = {way: [] for way in WAYS}
    for round_number in range(rounds + 1):
        for way, method in WAYS.items():
            start = time.process_time()
            for step in range(steps):
                batch = method.collate(
                    model, data[step * BATCH : (step + 1) * BATCH], torch.Generator().manual_seed(step)
                )
                method.step(model, batch, lambda terms: torch.stack(list(terms.values())).sum().backward())
                model.module.zero_grad(set_to_none=True)
            if round_number:  # the first round warms up
                spent[way].append(1000 * (time.process_time() - start) / steps)
    return {way: statistics.median(values) for way, values in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3, help="steps per method and round")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    found = measure(options.rounds, options.steps)
    table = Table(title=f"adversarial fine-tuning, MiniLM-shaped, batch {BATCH}, {options.threads} thread(s)")
    table.add_column("method")
    table.add_column("CPU ms per step", justify="right")
    table.add_column("times plain", justify="right")
    for way, value in found.items():
        table.add_row(way, f"{value:.0f}", f"{value / found['plain']:.2f}")
    Console(width=100).print(table)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
