"""The cost of a step of each alignment objective, as a ratio to TLM's.

    python benchmarks/alignment_cost.py [--threads 1] [--rounds 5] [--steps 3] [--only "tlm;weam"] [--json FILE]

Text, word links and lexicon are the lab's, three sentences per pair (about 30 tokens per side), 32 pairs per step; the
encoder is shaped like multilingual BERT (12 layers, 768 wide, 119,547 subwords) with random weights and dropout.  A
step is collate, forward and backward, as the loop calls them, without the optimizer.  Objectives take turns in every
round, so that a busy machine slows them equally; seconds are process seconds, the median over rounds.

"two encoder passes" is ML-CTL without its losses: both sides encoded twice, forward and backward, with a mean as the
loss.  TLM is measured with both masking probabilities, since WEAM hides 30 % of the words.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from transformers import BertConfig, BertForMaskedLM

from crosslift.api import registry
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair
from crosslift.encoder.scratch.tokenizer import word_tokenizer
from crosslift.encoder.seeding import seeded
from crosslift.lab import World
from crosslift.train.method import Method

SENTENCES = 3
"""Lab sentences per side."""
OBJECTIVES: dict[str, tuple[str, dict[str, Any]]] = {
    "tlm": ("tlm", {"mask_probability": 0.15}),
    "tlm, 30 % hidden": ("tlm", {"mask_probability": 0.3}),
    "weam": ("weam", {}),
    "mlm, unpaired": ("mlm", {}),
    "word_l2": ("word_l2", {}),
    "word_contrastive": ("word_contrastive", {}),
    "sentence_contrastive": ("sentence_contrastive", {}),
    "ml_ctl": ("ml_ctl", {}),
    "ml_ctl, one pass": ("ml_ctl", {"mask_contrastive_inputs": True}),
    "labse": ("labse", {}),
    "hybrid_batch": ("hybrid_batch", {}),
    "code_switch": ("code_switch", {}),
    "synthetic_adversarial": ("synthetic_adversarial", {"passes": 1}),
    "translation": ("translation", {}),
    "xlm_align": ("xlm_align", {}),
    "xlco": ("xlco", {"queue_size": 4096}),
}
Step = Callable[[int], None]


def encoder(layers: int, hidden: int) -> Encoder:
    world = World(0)
    text = (line for language in world.languages for line in world.text(language.code, 800))
    tokenizer = word_tokenizer(text, 4000)
    config = BertConfig(
        vocab_size=119_547,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=12,
        intermediate_size=4 * hidden,
        pad_token_id=tokenizer.pad_token_id,
    )
    with seeded(0):
        return Encoder(BertForMaskedLM(config), tokenizer, masked_head=True)


def pairs(model: Encoder, count: int) -> list[TokenPair]:
    world = World(0)
    rows = world.bitext("qaa", "qae", count * SENTENCES)
    joined = []
    for start in range(0, len(rows), SENTENCES):
        source, target, links = list[str](), list[str](), list[tuple[int, int]]()
        for row in rows[start : start + SENTENCES]:
            links += [(len(source) + i, len(target) + j) for i, j in row.links]
            source += row.source.split()
            target += row.target.split()
        joined.append((source, target, links))
    sides = [
        model.tokenize_words([row[side] for row in joined], language=code) for side, code in ((0, "qaa"), (1, "qae"))
    ]
    made = []
    for one, other, (_, _, links) in zip(*sides, joined, strict=True):
        first, second = ([tokens.words.index(word) for word in range(tokens.words_fitted)] for tokens in (one, other))
        made.append(TokenPair(one, other, tuple((first[i], second[j]) for i, j in links)))
    return made


def objective_step(name: str, settings: dict[str, Any], model: Encoder, data: list[TokenPair], batch: int) -> Step:
    method: Method = registry.load("align", name)(**settings)
    with seeded(1):
        auxiliary = method.auxiliary_module(model)
    texts = [side for pair in data for side in (pair.source, pair.target)]

    def step(number: int) -> None:
        items: list[Any] = data if method.input_type == "bitext" else texts
        size = batch if method.input_type == "bitext" else 2 * batch  # as many tokens
        start = number * size % (len(items) - size + 1)
        made = method.collate(model, items[start : start + size], torch.Generator().manual_seed(number))
        method.step(model, made, lambda terms: torch.stack(list(terms.values())).sum().backward(), auxiliary)
        with torch.no_grad():
            method.after_step(model, auxiliary)

    return step


def passes_step(model: Encoder, data: list[TokenPair], batch: int) -> Step:
    def step(number: int) -> None:
        start = number * batch % (len(data) - batch + 1)
        rows = data[start : start + batch]
        for _ in range(2):
            for side in (model.collate([row.source for row in rows]), model.collate([row.target for row in rows])):
                model.encode(side).mean().backward()

    return step


def measure(options: argparse.Namespace) -> dict[str, float]:
    """Return CPU milliseconds per step, by objective."""
    model = encoder(options.layers, options.hidden).train()
    data = pairs(model, options.batch * (options.steps + 2))
    wanted = options.only.split(";") if options.only else list(OBJECTIVES)
    steps = {"two encoder passes": passes_step(model, data, options.batch)}
    steps |= {
        name: objective_step(*OBJECTIVES[name], model, data, options.batch) for name in OBJECTIVES if name in wanted
    }
    spent: dict[str, list[float]] = {name: [] for name in steps}
    for round_number in range(options.rounds + 1):
        for name, step in steps.items():
            start = time.process_time()
            for number in range(options.steps):
                step(number)
                model.model.zero_grad(set_to_none=True)
            if round_number:  # the first round warms up
                spent[name].append(1000 * (time.process_time() - start) / options.steps)
    return {name: statistics.median(values) for name, values in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3, help="steps per objective and round")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--hidden", type=int, default=768)
    parser.add_argument("--batch", type=int, default=32, help="pairs per step")
    parser.add_argument("--only", default="", help="objectives to measure, separated by semicolons; ratios need tlm")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    found = measure(options)
    table = Table(
        title=f"{options.layers} layers x {options.hidden}, {options.batch} pairs per step, {options.threads} thread(s)"
    )
    for column in ("objective", "CPU ms per step", "ratio to tlm", "ratio to tlm, 30 %", "ratio to two passes"):
        table.add_column(column, justify="left" if column == "objective" else "right")
    bases = [found.get(name) for name in ("tlm", "tlm, 30 % hidden", "two encoder passes")]
    for name, value in found.items():
        table.add_row(name, f"{value:.0f}", *("-" if base is None else f"{value / base:.2f}" for base in bases))
    Console(width=110).print(table)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
