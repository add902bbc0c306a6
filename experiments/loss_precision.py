"""The effect of number formats on InfoNCE and CZ-NCE: losses that are exactly zero, and errors of gradients.

    python experiments/loss_precision.py [--gap 0.4 0.8] [--batch-size 4 16 64 256] [--json FILE]

The question (Chen et al. 2022, arXiv 2202.13083): does CZ-NCE reduce floating-point error, and where?  Cosines are
drawn in float64: translations around 0.9, negatives lower by the gap, 2B - 2 of them per anchor.  Divided by the
temperature they are the logits, rounded to a format; each form of a loss is computed in that format, and its gradient
at the logits is compared with that form's in float64 at the same rounded logits, so only the arithmetic is judged.

- plain: log-sum-exp of all logits minus the positive's, as the formula of InfoNCE is written;
- cross-entropy: torch's, of the positive among all logits;
- softplus: `softplus(log-sum-exp of the negatives - positive)`, equal to both; the form in `crosslift.losses`;
- CZ: log-sum-exp of the negatives minus the positive's, the CZ-NCE of `crosslift.losses`;
- CZ as released: the logarithm of a plain sum of exponentials.

Printed for each: the share of anchors whose loss is exactly 0, and the median over anchors of the gradient's relative
error.  `crosslift.losses` always computes in fp32, so its rows are those of fp32.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from crosslift.studies.measurements.cz_nce import FORMS, TEMPERATURE, logits, zeros_and_error

FORMATS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def table_of(rows: list[dict[str, object]], gap: float) -> Table:
    """Return the table of one gap."""
    table = Table(title=f"cosine gap {gap:g}: exact zeros / relative error of the gradient")
    table.add_column("format")
    table.add_column("batch", justify="right")
    for form in FORMS:
        table.add_column(form if form.startswith("CZ") else f"InfoNCE, {form}", justify="right")
    for row in rows:
        cells = (row[form] for form in FORMS)
        table.add_row(
            str(row["format"]), str(row["batch_size"]), *(f"{zeros:.0%} / {error:.0e}" for zeros, error in cells)
        )  # type: ignore[misc]
    return table


def main() -> None:
    """Measure and print one table per gap."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--gap", type=float, nargs="+", default=[0.4, 0.8, 1.2], help="cosine of translations minus that of negatives"
    )
    parser.add_argument("--batch-size", type=int, nargs="+", default=[4, 16, 64, 256])
    parser.add_argument("--temperature", type=float, default=TEMPERATURE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    found = []
    for gap in options.gap:
        rows = []
        for name, dtype in FORMATS.items():
            for size in options.batch_size:
                generator = torch.Generator().manual_seed(options.seed)
                sides = [side.to(dtype) for side in logits(size, gap, options.temperature, generator)]
                cells = {form: zeros_and_error(form, *sides) for form in FORMS}
                rows.append({"gap": gap, "format": name, "batch_size": size, **cells})
        Console(width=130).print(table_of(rows, gap))
        found += rows
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
