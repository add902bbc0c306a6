"""`crosslift study` and `crosslift list studies`."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from crosslift.cli import app
from crosslift.cli.exit import exit_with
from crosslift.studies import execute, names


def call(*words):
    """Return exit code and standard output of a command."""
    runner = CliRunner()
    ran = runner.invoke(app, list(words))
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        with pytest.raises(SystemExit) as ended:
            exit_with(lambda: (_ for _ in ()).throw(ran.exception), traceback=False)
        return ended.value.code, str(ran.exception)
    return ran.exit_code, ran.stdout


def test_a_plan_runs_nothing(tiny, tmp_path):
    code, printed = call("study", str(tiny), "--plan", "--json", "--output", str(tmp_path / "out"))
    assert code == 0
    runs = json.loads(printed)["runs"]
    assert len(runs) == 6
    assert not any(run["done"] for run in runs)
    assert not (tmp_path / "out").exists()


def test_a_plan_leaves_no_prepared_files(tmp_path):
    code, printed = call("study", "label-aware-multilevel-flan-t5", "--plan", "--output", str(tmp_path / "out"))
    assert code == 0
    assert "text-to-text" in printed
    assert not (tmp_path / "out").exists()


def test_a_plan_says_what_is_compared(tiny, tmp_path):
    code, printed = call("study", str(tiny), "--plan", "--output", str(tmp_path / "out"))
    assert code == 0
    assert "longer (control)" in printed
    assert "twice the steps" in printed


def test_verdicts_are_printed_and_kept(tiny, tmp_path, monkeypatch):
    def run(jobs, _processes):
        yield from ((job, execute.run_one(job.recipe, job.directory, 1)) for job in jobs)

    monkeypatch.setattr(execute, "_on_machine", run)
    code, printed = call("study", str(tiny), "--seeds", "1", "--arms", "plain,noisy", "--output", str(tmp_path / "out"))
    assert code == 0
    assert "inconclusive" in printed
    assert "recorded" in printed
    assert json.loads((tmp_path / "out/study.json").read_text())["schema"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("claim",), "did you mean 'claims'"),
        (("claims", "--scale", "ful"), "did you mean 'full'"),
        (("label-aware-xnli", "--scale", "mini"), "give --data VALUE on the command line"),
        (("label-aware-xnli", "lexicon"), "expected NAME=VALUE"),
        (("label-aware-xnli", "--scale", "full", "lexicon=words"), "start it with --yes"),
    ],
)
def test_wrong_input_ends_with_two(tmp_path, words, message):
    code, said = call("study", *words, "--output", str(tmp_path / "out"))
    assert code == 2
    assert message in said
    assert not (tmp_path / "out" / "runs").exists()


def test_ready_studies_are_listed():
    code, printed = call("list", "studies", "--json")
    assert code == 0
    assert [row["name"] for row in json.loads(printed)] == names()
