"""The first day: every command of the page runs, in order, on the files that the page shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import tomli_w

from crosslift import recipe
from crosslift.cli import app
from crosslift.studies import execute
from tests.docs.conftest import ROOT, blocks
from tests.runs import TINY

PAGE = ROOT / "docs" / "first-day.md"
_TITLED = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```', re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in blocks(PAGE, "bash") for line in block.text.splitlines() if line.startswith("crosslift ")]


@pytest.fixture
def small_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory where the lab's recipe takes seconds, and a study runs in this process."""
    path = tmp_path / "lab.toml"
    path.write_text(tomli_w.dumps(TINY), encoding="utf-8")
    monkeypatch.setattr(recipe, "LAB_RECIPE", path)
    monkeypatch.setattr("crosslift.demo.LAB_RECIPE", path)
    monkeypatch.setenv("CROSSLIFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def run(jobs, _processes):
        short = (job.recipe.finetune.model_copy(update={"steps": 4}) for job in jobs)
        for job, finetune in zip(jobs, short, strict=True):
            yield job, execute.run_one(job.recipe.model_copy(update={"finetune": finetune}), job.directory, 1)

    monkeypatch.setattr(execute, "_on_machine", run)
    return tmp_path


def test_every_command_of_the_first_day_runs(small_lab: Path, capsys):
    for name, text in _TITLED.findall(PAGE.read_text(encoding="utf-8")):
        (small_lab / name).write_text(text, encoding="utf-8")
    assert len(COMMANDS) >= 10
    for command in COMMANDS:
        _, *words = shlex.split(command)
        with pytest.raises(SystemExit) as ended:
            app(words, prog_name="crosslift")
        assert ended.value.code == 0, command
    assert (small_lab / "labelled.csv").read_text(encoding="utf-8").startswith("review,stars,prediction,probability")
    assert (small_lab / "runs/studies/noise-lab/report.html").is_file()
    assert "runs/demo/report.html" in capsys.readouterr().out
