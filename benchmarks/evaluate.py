"""Examples a second of zero-shot evaluation, against transformers' pipeline and batches padded to a fixed length.

    python benchmarks/evaluate.py [--threads 1] [--rounds 3] [--examples 384] [--json FILE]

The model is MiniLM-shaped (6 layers, 384 wide) with random weights, saved and loaded again by both sides; texts are
pairs of NLI-like lengths (30 pieces on average, a tail to 128).  XNLI is 15 times 5,010 of them: the table says how
long that would take.  Ways, in turn, so that a busy machine slows them alike:

- pipeline: `transformers.pipeline("text-classification", batch_size=32)`;
- padded to 128: batches of 32 in the order of the file;
- crosslift in float32, in bfloat16, and with linear layers in int8.

A second table is the generalized setting: all ordered pairs of five languages by one call of `predict_grid`, which
tokenises each text once, against a run a pair (load, tokenise, predict).

Seconds are process seconds (of all threads), the median over rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from rich.console import Console
from rich.table import Table

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.heads import TaskModel
from crosslift.encoder.precision import lower
from crosslift.encoder.tokenizer import word_tokenizer
from crosslift.evaluation.generalized import predict_grid
from crosslift.evaluation.predict import predict
from crosslift.evaluation.test_sets import TestSet
from crosslift.tasks._task import PairExample
from crosslift.tasks.xnli import Xnli

FIXED = 128
BATCH = 32
XNLI = 15 * 5_010
LABELS = ("entailment", "neutral", "contradiction")
LANGUAGES = ("en", "de", "fr", "ru", "zh")
WORDS = tuple(f"word{number}" for number in range(2_000))


def examples(count: int, seed: int) -> list[PairExample]:
    """Return pairs of NLI-like lengths: log-normal, mean about 30 pieces, at most 128."""
    rng = np.random.default_rng(seed)
    made = []
    for number, length in enumerate(np.clip(np.round(rng.lognormal(3.25, 0.55, count)), 8, FIXED).astype(int)):
        words = [WORDS[index] for index in rng.integers(len(WORDS), size=length - 3)]
        half = max(1, 2 * len(words) // 3)
        made.append(PairExample(str(number), " ".join(words[:half]), " ".join(words[half:]), LABELS[number % 3]))
    return made


def save_model(directory: Path) -> None:
    """Write a MiniLM-shaped checkpoint with a head for NLI and random weights."""
    tokenizer = word_tokenizer(WORDS, len(WORDS) + 5)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536
    )
    encoder = Encoder(transformers.BertForMaskedLM(config), tokenizer, masked_head=True)
    TaskModel.create(encoder, "pair", LABELS, seed=0).save(directory)


def piped(directory: Path, rows: list[PairExample]) -> None:
    """Predict as users of transformers do."""
    classify = transformers.pipeline("text-classification", model=str(directory), batch_size=BATCH, device="cpu")
    classify([{"text": row.first, "text_pair": row.second} for row in rows], truncation=True, max_length=FIXED)


def padded(directory: Path, rows: list[PairExample]) -> None:
    """Predict as the benchmarks' scripts do."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(directory).eval()
    with torch.inference_mode():
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            texts = ([row.first for row in batch], [row.second for row in batch])
            model(**tokenizer(*texts, padding="max_length", truncation=True, max_length=FIXED, return_tensors="pt"))


def ours(precision: Any) -> Callable[[Path, list[PairExample]], None]:
    """Return prediction by crosslift."""

    def run(directory: Path, rows: list[PairExample]) -> None:
        model = TaskModel.load(directory)
        lower(model.module, precision)
        predict(model, rows, language="en", max_length=FIXED)

    return run


WAYS: dict[str, Callable[[Path, list[PairExample]], None]] = {
    "pipeline, batch 32": piped,
    "padded to 128": padded,
    "crosslift, float32": ours("float32"),
    "crosslift, bfloat16": ours("bfloat16"),
    "crosslift, int8": ours("int8"),
}


def seconds_of(call: Callable[[], Any]) -> float:
    """Return the process seconds that a call takes."""
    start = time.process_time()
    call()
    return time.process_time() - start


def rates(directory: Path, rounds: int, count: int) -> list[dict[str, Any]]:
    """Return a row a way: examples a second without the time to load, which one example takes."""
    rows = examples(count, 0)
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, way in WAYS.items():
            loading = seconds_of(lambda way=way: way(directory, rows[:1]))
            found[name].append(count / (seconds_of(lambda way=way: way(directory, rows)) - loading))
    medians = {name: statistics.median(each) for name, each in found.items()}
    piped_rate, padded_rate = medians["pipeline, batch 32"], medians["padded to 128"]
    return [
        {
            "way": name,
            "examples_per_second": rate,
            "xnli_minutes": XNLI / rate / 60,
            "to_pipeline": rate / piped_rate,
            "to_padded": rate / padded_rate,
        }
        for name, rate in medians.items()
    ]


def grid_seconds(directory: Path, rounds: int, count: int) -> dict[str, float]:
    """Return process seconds of a grid of languages by one call, and by a run a pair."""
    by_language = {code: examples(count, number) for number, code in enumerate(LANGUAGES)}
    test = TestSet(Xnli(), "test", dict(by_language))

    def together() -> None:
        model = TaskModel.load(directory)
        diagonal = {code: predict(model, rows, language=code, max_length=FIXED) for code, rows in by_language.items()}
        list(predict_grid(model, test, diagonal, max_length=FIXED))

    def apart() -> None:
        for firsts in by_language.values():
            for seconds in by_language.values():
                pairs = zip(firsts, seconds, strict=True)
                rows = [PairExample(one.id, one.first, other.second, one.label) for one, other in pairs]
                predict(TaskModel.load(directory), rows, language="en", max_length=FIXED)

    times = [(seconds_of(together), seconds_of(apart)) for _ in range(rounds)]
    one, several = (statistics.median(each) for each in zip(*times, strict=True))
    return {"one call": one, "a run a pair": several, "ratio": several / one}


def show(rows: list[dict[str, Any]], grid: dict[str, float], count: int) -> None:
    """Print both tables."""
    table = Table("way", "examples/s", "XNLI, minutes", "to pipeline", "to padded")
    for row in rows:
        table.add_row(row["way"], *(f"{row[key]:.2f}" for key in list(row)[1:]))
    console = Console()
    console.print(table)
    console.print(
        f"{len(LANGUAGES) ** 2} pairs of languages, {count} examples each: one call {grid['one call']:.1f} s, "
        f"a run a pair {grid['a run a pair']:.1f} s, ratio {grid['ratio']:.2f}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--examples", type=int, default=384)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    transformers.utils.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder) / "model")
        rows = rates(Path(folder) / "model", arguments.rounds, arguments.examples)
        grid = grid_seconds(Path(folder) / "model", 1, arguments.examples // 8)
    show(rows, grid, arguments.examples // 8)
    if arguments.json:
        arguments.json.write_text(json.dumps({"rates": rows, "grid": grid}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
