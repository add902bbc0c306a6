"""The records of the families: one file each, read without torch; what they say of tiny checkpoints."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crosslift.catalogue import listing
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.family import families
from tests import tiny

SOURCE = Path(__file__).parents[3] / "src" / "crosslift"
Checkpoint = Callable[[str], Path]


def test_every_family_has_a_tiny_checkpoint_and_no_model_type_has_two() -> None:
    assert {tiny.family(name).name for name in tiny.BUILDERS} == families().keys()
    model_types = [model_type for family in families().values() for model_type in family.model_types]
    assert len(model_types) == len(set(model_types))


def test_encoders_are_listed_without_torch() -> None:
    code = "import sys; from crosslift.catalogue import listing; listing('encoders'); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_family_is_listed_with_the_first_line_of_its_file() -> None:
    rows = {row["name"]: row["summary"] for row in listing("encoders") if row["type"] == "family"}
    assert rows == {name: family.description for name, family in families().items()}
    assert all(summary.endswith(".") for summary in rows.values())


NAMING = ("encoder/scratch/presets.py", "finetune/bases/label_prompts.py", "finetune/text_to_text.py")
"""Files that may name a family: the presets, and those with the prompts of "t5", which are a style of writing."""


def test_no_other_file_names_a_family() -> None:
    names = {f'"{name}"' for family in families().values() for name in (family.name, *family.model_types)}
    allowed = {SOURCE / file for file in NAMING}
    files = [path for path in SOURCE.rglob("*.py") if path not in allowed and path.parent.name != "families"]
    assert [(path, name) for path in files for name in names if name in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    ("name", "length", "segments", "languages"),
    [
        ("bert", 64, True, None),
        ("distilbert", 64, False, None),
        ("xlm", 64, False, ("de", "en", "fr")),
        ("xlm-roberta", 62, False, None),
        ("roberta", 62, False, None),
        ("deberta-v2", 64, True, None),
        ("deberta-v3", 64, False, None),
        ("modernbert", 64, False, None),
        ("mt5", 512, False, None),
        ("nllb", 64, False, None),
    ],
)
def test_what_the_records_say(
    checkpoint: Checkpoint, name: str, length: int, segments: bool, languages: tuple[str, ...] | None
) -> None:
    encoder = Encoder.load(checkpoint(name))
    config = encoder.model.config
    assert encoder.family.longest_input(config) == length
    assert encoder.family.has_segments(config) == segments
    assert encoder.languages == languages
