"""The one rule of what counts as one system, and that every reader of runs follows it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

import crosslift
from crosslift import report
from crosslift.errors import InputError
from crosslift.runs.systems import read_systems
from tests.unit.comparison.conftest import records, write_run
from tests.unit.report.page import Page

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that writes a run of a recipe, in a folder, with settings."""

    def write(recipe: str, seed: int = 0, *, folder: str = "", settings: str = "[finetune]\nsteps = 1") -> Path:
        directory = tmp_path / (folder or recipe) / f"seed-{seed}"
        lines = {code: records(60, 0.5, seed=seed) for code in ("en", "de", "sw")}
        return write_run(directory, lines, recipe=recipe, seed=seed, settings=settings)

    return write


@pytest.fixture
def same_name(make: Make) -> list[Path]:
    """Return runs of a baseline, and of two recipes of one name that differ in a setting."""
    short = [make("tlm", seed) for seed in range(2)]
    long = [make("tlm", seed, folder="tlm-long", settings="[finetune]\nsteps = 2") for seed in range(2)]
    return [make("plain"), *short, *long]


def printed(directories: list[Path]) -> str:
    console = Console(file=io.StringIO(), width=400, color_system=None)
    for table in report.terminal(directories):
        console.print(table)
    return console.file.getvalue()


def test_recipes_of_one_name_are_the_same_systems_everywhere(same_name: list[Path]):
    found = read_systems(same_name)
    names = [system.name for system in found.systems]
    assert names == ["plain", f"tlm ({same_name[1]})", f"tlm ({same_name[3]})"]
    note = "Recipes called tlm differ in more than the seed (finetune.steps), so they are 2 systems."
    assert found.notes == (note,)

    compared = crosslift.compare(same_name)
    assert [compared.comparisons[0].baseline, *dict.fromkeys(row.system for row in compared.comparisons)] == names
    assert note in compared.notes

    terminal = printed(same_name)
    assert re.findall(r"^(plain|tlm \(\S+\))", terminal, flags=re.MULTILINE) == names
    assert note in " ".join(terminal.split())

    markdown = report.markdown(same_name).replace("\\", "")
    assert re.findall(r"^\| (\S+(?: \(/\S+\))?).* \| \d \| ", markdown, flags=re.MULTILINE) == names
    assert note in markdown

    page = Page(report.html(same_name)).text
    assert all(page.count(name) >= 3 for name in names)
    assert compared.sentences[1] in page
    assert note in page


def test_seeds_and_places_make_no_other_system(make: Make):
    settings = "[align.bitext]\nseed = {0}\n[data]\npath = '{0}'"
    runs = [make("tlm", seed, settings=settings.format(seed)) for seed in (1, 0)]
    (system,) = read_systems(runs).systems
    assert (system.name, system.seeds) == ("tlm", (0, 1))
    assert read_systems(runs).notes == ()


def test_the_order_of_runs_does_not_change_the_names(same_name: list[Path]):
    names = {system.name for system in read_systems(same_name).systems}
    assert {system.name for system in read_systems(same_name[::-1]).systems} == names


def test_a_system_below_the_working_directory_has_a_short_name(same_name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [system.name for system in read_systems([tmp_path]).systems][1:] == [
        "tlm (tlm/seed-0)",
        "tlm (tlm-long/seed-0)",
    ]


def test_a_run_that_is_named_twice_counts_once(make: Make, tmp_path: Path):
    run = make("tlm")
    assert [system.seeds for system in read_systems([run, tmp_path, run]).systems] == [(0,)]


def test_one_seed_twice_is_one_error_everywhere(make: Make, tmp_path: Path):
    runs = [make("plain"), make("tlm"), make("tlm", folder="again")]
    messages = set()
    for read in (read_systems, crosslift.compare, report.terminal, report.markdown, report.html):
        with pytest.raises(
            InputError, match=r"again/seed-0: recipe 'tlm' with seed 0 is also in .*tlm/seed-0"
        ) as error:
            read(runs)
        messages.add(str(error.value))
    assert len(messages) == 1


def test_settings_of_an_evaluation_are_settings(make: Make):
    runs = [make("tlm"), make("tlm", folder="bfloat16"), make("tlm", folder="other-model")]
    for run, evaluated in zip(runs[1:], ({"precision": "bfloat16"}, {"precision": "float32"}), strict=True):
        content = json.loads((run / "results.json").read_text(encoding="utf-8"))
        content["evaluated"] = {"model": str(run), **evaluated}
        (run / "results.json").write_text(json.dumps(content), encoding="utf-8")
    found = read_systems(runs)
    assert len(found.systems) == 3
    assert "(evaluated.precision)" in found.notes[0]
