from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from crosslift import report
from crosslift.errors import InputError
from crosslift.runs.run import find, load
from crosslift.runs.systems import read_systems


def test_reads_a_run(make_run):
    run = load(make_run("aligned", seed=3))
    assert (run.results.recipe, run.results.seed) == ("aligned", 3)
    assert run.log[0].terms["mlm"] > 3
    assert run.settings["encoder.model"] == "lab"
    assert run.embeddings is None


def test_a_run_without_log_recipe_and_environment_is_a_run(make_run):
    directory = make_run()
    for name in ("log.jsonl", "recipe.toml", "environment.json"):
        (directory / name).unlink()
    run = load(directory)
    assert (run.log, run.recipe, run.environment) == ((), "", {})


def test_not_a_number_is_tolerated_written_either_way(make_run):
    def change(values):
        values["scores"][0]["value"] = math.nan
        values["scores"][1]["value"] = None

    scores = load(make_run(change=change)).results.scores
    assert math.isnan(scores[0].value)
    assert math.isnan(scores[1].value)


def test_a_newer_schema_is_refused_in_a_sentence(make_run):
    directory = make_run(change=lambda values: values.update(schema=2, scores="something else entirely"))
    with pytest.raises(InputError, match=r"results\.json: written in schema 2, .* reads schemas up to 1"):
        load(directory)


def test_a_truncated_file_is_named(make_run):
    directory = make_run()
    path = directory / "results.json"
    path.write_text(path.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    with pytest.raises(InputError, match=r"unaligned-0/results\.json: incomplete JSON"):
        load(directory)


def test_a_damaged_log_line_is_numbered(make_run):
    directory = make_run()
    with (directory / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"stage": "fin')
    with pytest.raises(InputError, match=r"log\.jsonl, line 67: incomplete JSON"):
        _ = load(directory).log


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("results.json", b"[1, 2]", "found a list, expected a JSON object"),
        ("results.json", b"\xff\xfe", "not UTF-8"),
        ("results.json", b'{"schema": 1, "recipe": "x"}', "seed: Field required"),
        ("recipe.toml", b"seed = ", "not a TOML file"),
        ("environment.json", b"{", "incomplete JSON"),
    ],
)
def test_damaged_files_are_named(make_run, name, content, message):
    directory = make_run()
    (directory / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        _ = load(directory).environment
    assert str(directory / name) in str(caught.value)


def test_a_wrong_value_is_named_by_its_key(make_run):
    directory = make_run(change=lambda values: values["scores"][1].update(value="high"))
    with pytest.raises(InputError, match=r"scores\.1\.value: .*valid number"):
        load(directory)


def test_find_takes_a_run_or_a_folder_and_passes_over_unfinished_ones(make_run, tmp_path):
    runs = [make_run(folder="demo/b"), make_run(folder="demo/a"), make_run(folder="deep/er/c")]
    make_run(folder=".hidden/d")
    make_run(folder="demo/e.unfinished")
    assert find(runs[0]) == [runs[0]]
    assert find(tmp_path) == sorted(runs)


def test_find_says_what_it_looked_for(tmp_path):
    with pytest.raises(InputError, match=r"a run is a directory that holds results\.json"):
        find(tmp_path)
    with pytest.raises(InputError, match="no such directory"):
        find(tmp_path / "nowhere")


def test_the_same_seed_twice_would_count_twice(make_run):
    runs = [make_run(folder="first"), make_run(folder="second")]
    with pytest.raises(
        InputError,
        match=r"second: recipe 'unaligned' with seed 0 is also in .*first; expected each seed of a recipe once",
    ):
        read_systems(runs)


def test_tasks_of_one_model_scored_apart_are_one_run(make_run):
    runs = [make_run(folder=name) for name in ("first", "second")]
    for run, task in zip(runs, ("xnli", "pawsx"), strict=True):
        values = json.loads((run / "results.json").read_text(encoding="utf-8"))
        for row in values["scores"] + values["summary"]:
            row["task"] = task
        (run / "results.json").write_text(json.dumps(values | {"evaluated": {"model": "m"}}), encoding="utf-8")
    (run,) = read_systems(runs).runs
    assert run.results.tasks == {"xnli", "pawsx"}
    assert run.directories == tuple(runs)
    assert report.find(runs[0].parent) == runs
    assert all(f"## {task}, accuracy" in report.markdown(runs) for task in run.results.tasks)


def test_no_directory_is_an_error():
    with pytest.raises(InputError, match="none was given"):
        report.terminal([])


def test_unknown_fields_are_ignored(make_run):
    directory: Path = make_run()
    values = json.loads((directory / "results.json").read_text(encoding="utf-8"))
    (directory / "results.json").write_text(json.dumps(values | {"new": 1}), encoding="utf-8")
    assert load(directory).results.recipe == "unaligned"
