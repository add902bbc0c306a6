"""Examples per second of zero-shot evaluation, against transformers' pipeline and batches padded to a fixed length.

    python benchmarks/evaluate.py [--threads 1] [--rounds 3] [--examples 384] [--languages 5] [--json FILE]

The model is MiniLM-shaped (6 layers, 384 wide) with random weights, saved and loaded again by both sides; texts are
pairs of NLI-like lengths (30 subwords on average, a tail to 128).  XNLI is 15 times 5,010 of them: the table says how
long that would take.  The methods take turns, so that a busy machine slows them equally:

- pipeline: `transformers.pipeline("text-classification", batch_size=32)`;
- padded to 128: batches of 32 in the order of the file;
- crosslift in float32, in bfloat16, and with linear layers in int8.

The second table is the generalized setting: all ordered pairs of `--languages` (XNLI's 15 give 225) by one call of
`predict_grid`, which loads the model and tokenizes each text once, against one run per pair (load, tokenize, predict),
by crosslift and padded to 128.  None of them includes the time to start Python and import libraries, which a script
with one run per pair would spend each time: the last column says what that adds, as measured here once.

Seconds are process seconds (of all threads), the median over rounds; the grid is measured once.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from rich.console import Console
from rich.table import Table

from crosslift.api.examples import PairExample
from crosslift.data.test_data import TestSet
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.precision import lower
from crosslift.encoder.scratch.tokenizer import word_tokenizer
from crosslift.evaluation.language_pairs import predict_grid
from crosslift.evaluation.predict import predict
from crosslift.heads.task_model import TaskModel
from crosslift.tasks.xnli import Xnli

FIXED = 128
BATCH = 32
XNLI = 15 * 5_010
LABELS = ("entailment", "neutral", "contradiction")
WORDS = tuple(f"word{number}" for number in range(2_000))


def examples(count: int, seed: int) -> list[PairExample]:
    """Return pairs of NLI-like lengths: log-normal, mean about 30 subwords, at most 128."""
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
    """Predict as users of transformers would."""
    classify = transformers.pipeline("text-classification", model=str(directory), batch_size=BATCH, device="cpu")
    classify([{"text": row.first, "text_pair": row.second} for row in rows], truncation=True, max_length=FIXED)


def padded(directory: Path, rows: list[PairExample]) -> None:
    """Predict as the scripts of benchmarks do."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(directory).eval()
    with torch.inference_mode():
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            texts = ([row.first for row in batch], [row.second for row in batch])
            model(**tokenizer(*texts, padding="max_length", truncation=True, max_length=FIXED, return_tensors="pt"))


def ours(precision: Any) -> Callable[[Path, list[PairExample]], None]:
    """Return a function that predicts with crosslift."""

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
    """Return one row per method: examples per second, minus the time for one example, which is mostly loading."""
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


def grid_seconds(directory: Path, languages: int, count: int) -> list[dict[str, Any]]:
    """Return one row per method that predicts a grid of languages, with its process seconds."""
    by_language = {f"language {number}": examples(count, number) for number in range(languages)}
    ways: dict[str, tuple[int, Callable[[], None]]] = {
        "one call, float32": (1, lambda: together(directory, by_language, "float32")),
        "one call, bfloat16": (1, lambda: together(directory, by_language, "bfloat16")),
        "one run per pair, float32": (languages**2, lambda: apart(ours("float32"), directory, by_language)),
        "one run per pair, padded to 128": (languages**2, lambda: apart(padded, directory, by_language)),
    }
    starting = seconds_to_start()
    rows = [
        {"way": name, "seconds": seconds_of(way), "starting": starts * starting} for name, (starts, way) in ways.items()
    ]
    longest = rows[-1]["seconds"]
    return [{**row, "ratio": longest / row["seconds"]} for row in rows]


def together(directory: Path, by_language: dict[str, list[PairExample]], precision: Any) -> None:
    """Predict all pairs of languages in one call."""
    model = TaskModel.load(directory)
    lower(model.module, precision)
    diagonal = {code: predict(model, rows, language=code, max_length=FIXED) for code, rows in by_language.items()}
    list(predict_grid(model, TestSet(Xnli(), "test", dict(by_language)), diagonal, max_length=FIXED))


def apart(
    way: Callable[[Path, list[PairExample]], None], directory: Path, by_language: dict[str, list[PairExample]]
) -> None:
    """Predict the pairs of languages one by one."""
    for firsts, seconds in product(by_language.values(), repeat=2):
        pairs = zip(firsts, seconds, strict=True)
        way(directory, [PairExample(one.id, one.first, other.second, one.label) for one, other in pairs])


def seconds_to_start() -> float:
    """Return the process seconds that a script takes before its first line of work: Python, torch and transformers."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    script = "import torch; from transformers import AutoModelForSequenceClassification, AutoTokenizer"
    subprocess.run([sys.executable, "-c", script], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def show(rows: list[dict[str, Any]], grid: list[dict[str, Any]], title: str) -> None:
    """Print both tables."""
    table = Table("method", "examples/s", "XNLI, minutes", "to pipeline", "to padded")
    for row in rows:
        table.add_row(row["way"], *(f"{row[key]:.2f}" for key in list(row)[1:]))
    pairs = Table("method", "seconds", "times padded", "start-up, seconds", title=title, title_justify="left")
    for row in grid:
        pairs.add_row(row["way"], *(f"{row[key]:.2f}" for key in ("seconds", "ratio", "starting")))
    Console().print(table, pairs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--examples", type=int, default=384)
    parser.add_argument(
        "--languages", type=int, default=5, help="languages of the grid, each with an eighth of the examples"
    )
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    transformers.utils.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder) / "model")
        rows = rates(Path(folder) / "model", arguments.rounds, arguments.examples)
        grid = grid_seconds(Path(folder) / "model", arguments.languages, arguments.examples // 8)
    show(rows, grid, f"{arguments.languages**2} pairs of languages, {arguments.examples // 8} examples each")
    if arguments.json:
        arguments.json.write_text(json.dumps({"rates": rows, "grid": grid}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
