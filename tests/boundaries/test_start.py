"""Quick commands stay quick: no torch where no tensor is needed.  Modules are counted, not milliseconds."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from crosslift.cli import app

LIGHT = (
    "crosslift",
    "crosslift.cli",
    "crosslift.comparison",
    "crosslift.recipe",
    "crosslift.report",
    "crosslift.runs.read",
    "crosslift.stats.interval",
    "crosslift.tasks",
    "crosslift.tasks.xnli",
    "crosslift.metrics",
    "crosslift.metrics.accuracy",
    "crosslift.languages",
    "crosslift.runs.write",
    "crosslift.lab",
)
WITHOUT_TORCH = ("torch", "transformers", "accelerate", "datasets", "plotly", "sklearn", "openTSNE")
WITHOUT_NUMBERS = (*WITHOUT_TORCH, "numpy", "jinja2")  # pydantic is typer's own, for commands with arguments


def loaded(code: str, heavy: tuple[str, ...]) -> list[str]:
    """Return the heavy modules that are loaded after code has run in a fresh interpreter."""
    report = f"import sys; print(*(name for name in {heavy} if name in sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True)
    return done.stderr.split()


@pytest.mark.parametrize("module", LIGHT)
def test_importing_loads_no_torch(module: str):
    assert loaded(f"import {module}", WITHOUT_TORCH) == []


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], *([name, "--help"] for name in typer.main.get_command(app).commands)],
)
def test_help_loads_nothing_heavy(arguments: list[str]):
    code = f"""
import sys
from crosslift.cli import main
sys.argv = ["crosslift", *{arguments}]
try:
    main()
except SystemExit as exit:
    assert not exit.code
"""
    assert loaded(code, WITHOUT_NUMBERS) == []


@pytest.mark.parametrize("what", ["tasks", "methods", "metrics", "encoders", "studies"])
def test_lists_load_no_torch(what: str):
    code = f"from crosslift.catalogue import listing; assert listing({what!r})"
    assert loaded(code, WITHOUT_TORCH) == []


@pytest.mark.parametrize("name", ["xnli", "accuracy", "t5", "lab", "claims"])
def test_a_description_loads_torch_for_methods_alone(name: str):
    code = f"from crosslift.catalogue import description; assert description({name!r})"
    assert loaded(code, WITHOUT_TORCH) == []
