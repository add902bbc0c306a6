"""The command line as a user meets it: what it prints, and how it fails."""

from __future__ import annotations

import errno
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from crosslift.cli import app, main
from crosslift.encoder.encoder import Encoder
from crosslift.heads.task_model import TaskModel

LABELS = ("entailment", "neutral", "contradiction")
GOOD = [f"a {i}\tb {i}\t{LABELS[i % 3]}\n" for i in range(24)]
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
NAMES = ("lab", "tasks")
"""Names that a help text may begin with."""
Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    monkeypatch.setenv("CROSSLIFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["crosslift", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        printed = capsys.readouterr()
        return int(caught.value.code or 0), printed.out, printed.err

    return run


@pytest.fixture
def model(checkpoint: Callable[[str], Path], tmp_path: Path) -> Path:
    TaskModel.create(Encoder.load(checkpoint("bert")), "pair", LABELS, seed=0).save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "xnli"
    folder.mkdir(parents=True)
    for name in ("train-en", "dev-en", "test-en", "test-de"):
        (folder / f"{name}.tsv").write_text("".join(GOOD))
    return folder.parent


def fails(result: tuple[int, str, str], *parts: str) -> None:
    code, out, err = result
    assert code == 2, err
    message = err[err.index("crosslift: input error: ") :]
    assert message.count("\n") == 1, "one paragraph"
    assert "Traceback" not in err
    assert not out
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("a\tb\n", ("test in 'de'", "no gold answer")),
        ("only a premise\n", ("test-de.tsv, line 1", "hypothesis")),
        (GOOD[0] + "a\tb\tentailmnt\n", ("test-de.tsv, line 2", "'entailmnt'", "did you mean 'entailment'")),
        ("", ("test-de.tsv", "empty")),
        ("".join(f"a{i}\tb\tneutral\n" for i in range(30)), ("test in 'de'", "all 30", "'neutral'")),
        (b"caf\xe9\tb\tneutral\n", ("test-de.tsv, line 1", "UTF-8")),
    ],
)
def test_wrong_data(cli: Cli, model: Path, data: Path, content: str | bytes, parts: tuple[str, ...]) -> None:
    path = data / "xnli" / "test-de.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    fails(cli("evaluate", str(model), "--task", "xnli", "--data", str(data), "--output", "out"), *parts)
    assert not Path("out").exists()


def test_wrong_names(cli: Cli, model: Path, data: Path) -> None:
    evaluate = ("evaluate", str(model), "--data", str(data), "--task")
    fails(cli(*evaluate, "xnil"), "unknown task 'xnil'", "did you mean 'xnli'")
    fails(cli(*evaluate, "xnli", "--languages", "dee"), "no test data in 'dee'", "did you mean 'de'")
    fails(cli("evaluate", "nowhere", "--data", str(data), "--task", "xnli"), "nowhere")
    fails(cli("describe", "tml"), "unknown name 'tml'; did you mean 'tlm'?", "crosslift list tasks|")
    fails(cli("list", "taks"), "unknown list 'taks'; did you mean 'tasks'? (available: tasks, methods")
    fails(cli("report", str(data)), str(data))


def test_checkpoint_without_tokenizer(cli: Cli, model: Path, data: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (model / name).unlink()
    fails(cli("evaluate", str(model), "--task", "xnli", "--data", str(data)), str(model), "tokenizer")


def test_model_of_another_task(cli: Cli, checkpoint: Callable[[str], Path], data: Path, tmp_path: Path) -> None:
    TaskModel.create(Encoder.load(checkpoint("bert")), "pair", ("0", "1"), seed=0).save(tmp_path / "other")
    fails(cli("evaluate", "other", "--task", "xnli", "--data", str(data)), "labels (0, 1)", "xnli")


def test_full_disk(cli: Cli, model: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    fails(cli("evaluate", str(model), "--task", "xnli", "--data", str(data), "--output", "out"), "the disk is full")


def test_traceback_on_request(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["crosslift", "--traceback", "describe", "tml"])
    with pytest.raises(Exception, match="unknown name"):
        main()


def test_evaluate_writes_and_prints(cli: Cli, model: Path, data: Path) -> None:
    command = ("evaluate", str(model), "--task", "xnli", "--data", str(data), "--output", "out", "--json")
    code, out, err = cli(*command)
    assert code == 0, err
    printed = json.loads(out)
    assert {row["language"] for row in printed["scores"]} == {"en", "de"}
    assert printed == json.loads(Path("out/results.json").read_text())
    assert len(Path("out/predictions/xnli/de.jsonl").read_text().splitlines()) == len(GOOD)
    fails(cli(*command), "never overwritten")
    code, out, err = cli(*command[:-3], "--max-length", "9", "--json")
    assert code == 0, err
    assert json.loads(out)["evaluated"]["max_length"] == 9
    assert cli(*command[:-3], "--max-length", "7")[0] == 2


def test_predict_in_three_languages_and_forms(cli: Cli, model: Path) -> None:
    rows = [("en", "It rains.", "It is wet."), ("de", "Es regnet.", "Es ist nass."), ("fr", "Il pleut.", "C'est sec.")]
    Path("in.csv").write_text("language,premise,hypothesis\n" + "".join(f"{','.join(row)}\n" for row in rows))
    code, _, err = cli("predict", str(model), "in.csv", "--output", "out.jsonl")
    assert code == 0, err
    labelled = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert [row["language"] for row in labelled] == ["en", "de", "fr"]
    assert all(row["prediction"] in LABELS and 1 / 3 <= row["probability"] <= 1 for row in labelled)
    code, out, _ = cli("predict", str(model), "in.csv")
    assert code == 0
    assert out.splitlines()[0] == "language,premise,hypothesis,prediction,probability"
    fails(cli("predict", str(model), "in.csv", "--output", "out.jsonl"), "never overwritten")
    fails(cli("predict", str(model), "in.csv", "--text", "premis,hypothesis"), "premis", "did you mean 'premise'")
    Path("other.csv").write_text("a,b\n1,2\n")
    fails(cli("predict", str(model), "other.csv"), "premise+hypothesis", "--text")
    Path("head.csv").write_text("premise,hypothesis\n")
    fails(cli("predict", str(model), "head.csv"), "no rows")


def test_saved_model_works_in_transformers_pipeline(model: Path) -> None:
    from transformers import pipeline

    classify = pipeline("text-classification", str(model))
    found = classify({"text": "It rains.", "text_pair": "It is wet."})
    assert found["label"] in LABELS


def test_lists_and_descriptions(cli: Cli) -> None:
    _, out, _ = cli("list", "methods", "--json")
    assert {"mlm", "tlm", "sentence_contrastive", "plain"} <= {row["name"] for row in json.loads(out)}
    for name in ("tlm", "xnli", "accuracy", "lab", "plain"):
        code, out, err = cli("describe", name)
        assert code == 0, err
        assert name in out


@pytest.mark.parametrize("name", ["code_switch", "synthetic_adversarial"])
def test_a_name_of_two_registries_is_described_twice(cli: Cli, name: str) -> None:
    _, out, _ = cli("describe", name, "--json")
    first = json.loads(out)
    (second,) = first["also"]
    assert (first["type"], second["type"]) == ("align", "finetune")
    assert first["settings"] != second["settings"]
    assert first["documentation"] != second["documentation"]
    _, printed, _ = cli("describe", name)
    headings = [line for line in printed.splitlines() if line.startswith(f"{name}  (")]
    assert headings == [f"{name}  (align)", f"{name}  (finetune)"]
    settings = {line.split()[0] for line in printed.splitlines() if line.strip()}
    assert {*first["settings"], *second["settings"]} <= settings
    assert json.loads(cli("describe", "tlm", "--json")[1])["also"] == []


def test_a_task_is_listed_with_its_type_and_a_study_with_its_scales(cli: Cli) -> None:
    types = {row["name"]: row["task_type"] for row in json.loads(cli("list", "tasks", "--json")[1])}
    assert (types["xnli"], types["massive"], types["xquad"]) == ("pair", "intent_slot", "extractive_qa")
    scales = {row["name"]: row["scales"] for row in json.loads(cli("list", "studies", "--json")[1])}
    assert scales["label-aware-xnli"] == "lab, mini, full"
    _, out, _ = cli("list", "methods")
    assert out.split()[:3] == ["name", "type", "summary"]
    assert json.loads(cli("describe", "label-aware-xnli", "--json")[1])["arms"][0] == "plain"


@pytest.mark.parametrize("columns", ["80", "100"])
def test_the_list_of_commands_is_whole(cli: Cli, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    """Short helps that are too long would be cut, with dots."""
    monkeypatch.setenv("COLUMNS", columns)
    _, out, _ = cli("--help")
    listed = [line for line in out.partition("Commands:")[2].splitlines() if line.startswith("  ")][:-1]
    assert [line.split()[0] for line in listed] == list(COMMANDS)
    assert [line for line in listed if not line.endswith(".") or line.endswith("..")] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_that_fits_its_line(cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = cli(name, "--help")
    assert code == 0
    assert out.splitlines()[-1].startswith(f"  Example: crosslift {name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_every_parameter_is_in_a_sentence(name: str) -> None:
    for parameter in COMMANDS[name].params:
        assert parameter.help.endswith("."), parameter.name
        assert parameter.help[0].isupper() or parameter.help.split()[0].strip(":,") in NAMES, parameter.name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evalute",), "No such command 'evalute'. Did you mean 'evaluate'?"),
        (("run",), "Missing argument 'RECIPE'."),
        (("demo", "--outputs"), "No such option: --outputs (Possible options: --output)"),
        (("demo", "--seeds", "0"), "Invalid value for '--seeds': Input should be greater than or equal to 1"),
        (
            ("evaluate", "model", "--task", "xnli", "--split", "tset"),
            "Invalid value for '--split': 'tset' is not one of 'dev', 'test'; did you mean 'test'?",
        ),
        (
            ("evaluate", "model", "--task", "xnli", "--pooling", "mean_words"),
            "Invalid value for '--pooling': 'mean_words' is not one of 'benchmark', 'native', 'pooler', 'mean', "
            "'mean_no_special', 'first'; 'mean_words' is now 'mean_no_special'",
        ),
        (
            ("compare", "runs", "--format", "pdf"),
            "Invalid value for '--format': 'pdf' is not one of 'table', 'csv', 'markdown', 'latex'",
        ),
    ],
)
def test_a_command_line_that_cannot_be_parsed(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"Error: {message}"
    assert f"Try 'crosslift {arguments[0]} -h' for help." in err or arguments == ("evalute",)


def test_without_a_command_help_is_shown(cli: Cli) -> None:
    code, out, err = cli()
    assert code == 2
    assert "Commands:" in out + err
    assert "Traceback" not in err


def test_an_interrupted_command_says_how_to_continue(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("crosslift.catalogue.listing", interrupted)
    code, out, err = cli("list", "tasks")
    assert (code, out) == (130, "")
    assert "crosslift: interrupted; to continue, add --resume" in err


def test_report_of_nothing_is_an_error(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    fails(cli("report", "empty"), "empty")
    shutil.rmtree(tmp_path / "empty")
    fails(cli("report", "empty"), "empty")


def test_merge_writes_a_checkpoint(cli: Cli, model: Path, tmp_path: Path):
    code, out, _ = cli("merge", str(model), str(model), "--output", "merged", "--weights", "0.5,0.5")
    assert (code, out) == (0, "merged\n")
    assert TaskModel.load(tmp_path / "merged").labels == LABELS
    fails(cli("merge", str(model), "--output", "merged"), "merged exists already")
    fails(cli("merge", str(model), "--output", "more", "--weights", "half"), "--weights: found 'half'")
