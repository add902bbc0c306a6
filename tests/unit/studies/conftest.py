"""A study small enough for tests: two arms and a control of a lab encoder that has hardly been trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.runs import TINY

RECIPE = {key: value for key, value in TINY.items() if key not in ("name", "align", "evaluate")}
LANGUAGES = ["qaa", "qab", "qaf"]


def definition(**changes: Any) -> dict[str, Any]:
    """Return a study's values."""
    return {
        "title": "A question",
        "question": "Does it help?",
        "baseline": "plain",
        "arm": [
            {"name": "plain", "about": "as it is"},
            {"name": "longer", "about": "twice the steps", "control": True, "times": 2},
            {"name": "noisy", "about": "with noise", "recipe": {"finetune": {"method": [{"use": "$noise"}]}}},
        ],
        "hypothesis": [
            {
                "name": "H1",
                "statement": "noise helps",
                "rule": {"use": "all", "difference": [{"system": "noisy", "over": "plain"}]},
            },
            {
                "name": "H2",
                "statement": "they agree more",
                "rule": {"use": "all", "difference": [{"system": "noisy", "over": "longer", "of": "agreement"}]},
            },
            {"name": "H3", "statement": "a fact", "rule": {"use": "recorded", "test": "tests/unit::test"}},
        ],
        "scale": {
            "lab": {
                "about": "hardly anything",
                "seeds": 2,
                "values": {"noise": "random_perturbation"},
                "recipe": RECIPE,
                "tasks": {"xnli": {"evaluate": [{"languages": LANGUAGES, "generalized": True}]}},
            }
        },
        **changes,
    }


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Return the file of the study."""
    path = tmp_path / "tiny.toml"
    path.write_text(tomli_w.dumps(definition()), encoding="utf-8")
    return path
