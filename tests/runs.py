"""A whole run small enough for tests: a lab encoder that has hardly been trained."""

from __future__ import annotations

from typing import Any

TINY: dict[str, Any] = {
    "name": "tiny",
    "encoder": {"model": "lab", "vocabulary_size": 400},
    "data": {"source": "lab", "counts": {"train": 96, "dev": 24, "test": 24}},
    "pretrain": {
        "steps": 3,
        "batch_size": 16,
        "max_length": 32,
        "text": {"languages": ["qaa", "qab", "qaf"], "limit": 80},
    },
    "align": {
        "steps": 2,
        "batch_size": 8,
        "max_length": 48,
        "bitext": {"languages": ["qab"], "limit": 30},
        "objective": [{"use": "tlm"}, {"use": "sentence_contrastive", "weight": 0.5}],
    },
    "finetune": {"task": "xnli", "steps": 6, "batch_size": 8, "evaluations": 3, "average_last": 2, "max_length": 48},
    "evaluate": [{"task": "xnli", "languages": ["qaa", "qab", "qaf"]}],
}
