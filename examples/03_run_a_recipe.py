"""A recipe in Python, far too small to learn anything, and the scores in its run directory."""

import json
import tempfile
from pathlib import Path

import crosslift
from crosslift import recipe

small = recipe.build(
    {
        "name": "small",
        "encoder": {"model": "scratch:lab", "vocabulary_size": 400},
        "data": {"source": "lab", "counts": {"train": 96, "dev": 30, "test": 60}},
        "pretrain": {"steps": 5, "batch_size": 16, "max_length": 32, "text": {"limit": 200}},
        "finetune": {"task": "xnli", "steps": 5, "batch_size": 16, "max_length": 48, "evaluations": 2},
        "evaluate": [{"task": "xnli", "languages": ["qaa", "qab", "qah"]}],
    },
    where="this example",
)

with tempfile.TemporaryDirectory() as folder:
    directory = crosslift.run(small, Path(folder) / "small")
    print("In the run directory:", ", ".join(sorted(path.name for path in directory.iterdir())))
    results = json.loads((directory / "results.json").read_text())

for row in results["scores"]:
    print(f"{row['selection']:11} {row['language']}  {row['metric']} {row['value']:.1f} over {row['items']} examples")
for row in results["summary"]:
    print(f"{row['selection']:11} target mean {row['target_mean']:.1f}, transfer gap {row['transfer_gap']:.1f}")
for warning in results["warnings"]:
    print("Warning:", warning)
