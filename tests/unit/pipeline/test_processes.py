"""Runs in two processes: both train, one writes."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from crosslift import recipe as recipes
from crosslift.errors import LanguageError, RunExistsError
from crosslift.pipeline.run import run
from crosslift.train import processes
from tests.runs import TINY
from tests.unit.train.launch import two_processes


def tiny(**changes: object) -> recipes.Recipe:
    align = {**TINY["align"], "objective": [{"use": "tlm"}]}
    return recipes.build({**copy.deepcopy(TINY), "align": align, **changes}, where="test")


def work(rank: int, folder: Path) -> None:
    assert run(tiny(), folder / "out") == folder / "out"
    assert (folder / "out" / "results.json").exists()
    with pytest.raises(RunExistsError, match="never overwritten"):
        run(tiny(), folder / "out")
    assert run(tiny(), folder / "out", resume=True) == folder / "out"
    with pytest.raises(LanguageError):
        run(tiny(evaluate=[{"task": "xnli", "languages": ["nowhere"]}]), folder / "wrong")
    run(tiny(seed=1), folder / "other")
    assert processes.count() == 2
    (folder / f"{rank}.done").touch()


@pytest.mark.slow
def test_two_processes_make_one_run(tmp_path: Path) -> None:
    two_processes(work, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"out", "other", "0.done", "1.done"}
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [stage["stage"] for stage in results["stages"]] == ["pretrain", "align", "finetune"]
    assert json.loads((tmp_path / "out" / "environment.json").read_text())["processes"] == 2
    other = json.loads((tmp_path / "other" / "results.json").read_text())
    assert [stage["cached"] for stage in other["stages"]] == [True, True, False]

    log = [json.loads(line) for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines()]
    steps = [(line["stage"], line["step"]) for line in log if "terms" in line]
    assert len(steps) == len(set(steps)) == 3 + 2 + 6  # each once: one process writes
    alone = run(tiny(), tmp_path / "alone")
    first, second = (
        next(json.loads(line)["tokens"] for line in (folder / "log.jsonl").read_text().splitlines())
        for folder in (tmp_path / "out", alone)
    )
    assert first > second  # a step has the batches of both
    assert [stage["cached"] for stage in json.loads((alone / "results.json").read_text())["stages"]] == [False] * 3
