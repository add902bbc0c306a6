"""Scores from records, without torch: predictions of any system, or those of a run directory."""

import json
import sys
import tempfile
from pathlib import Path

from crosslift.metrics.accuracy import Accuracy
from crosslift.metrics.macro_f1 import MacroF1
from crosslift.metrics.tagging_f1 import TaggingF1

labels = ("entailment", "neutral", "contradiction")
records = [
    {"id": "0", "prediction": "entailment", "gold": "entailment"},
    {"id": "1", "prediction": "neutral", "gold": "contradiction"},
    {"id": "2", "prediction": "neutral", "gold": "neutral"},
]
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "de.jsonl"  # in the format of RUN/predictions/xnli/de.jsonl
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    with path.open() as file:
        read = [json.loads(line) for line in file]

print(f"accuracy  {Accuracy()(read):.1f}")
print(f"macro F1  {MacroF1(labels)(read):.1f}")

# A metric scores a sum of per-record statistics, so subsets and resamples never need to look at an example again.
print("statistics of each record:", [Accuracy().statistics(record) for record in read])

tagged = [{"prediction": ["B-PER", "I-PER", "O", "B-LOC"], "gold": ["B-PER", "I-PER", "O", "O"]}]
print(f"tagging F1  {TaggingF1()(tagged):.1f}")
print("torch was imported:", "torch" in sys.modules)
