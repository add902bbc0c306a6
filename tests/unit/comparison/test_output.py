"""What is printed and written."""

from __future__ import annotations

import csv
import io
import json
import re
import sys

import pytest

import crosslift
from crosslift.cli import main

PROMISED = {
    *("baseline", "system", "task", "metric", "over", "effect", "low", "high", "p", "p_adjusted"),
    *("wins", "ties", "losses", "seeds"),
}


@pytest.fixture
def runs(make_run):
    better = {"en": 0.8, "de": 0.8, "sw": 0.75}
    return [make_run("t_l&m", seed) for seed in range(3)] + [
        make_run("we[am]", seed, scores=better) for seed in range(3)
    ]


@pytest.fixture
def cli(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["crosslift", "compare", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        printed = capsys.readouterr()
        return int(caught.value.code or 0), printed.out, printed.err

    return run


def test_json_has_the_promised_keys(cli, runs):
    code, out, _ = cli(*runs, "--json")
    content = json.loads(out)
    assert (code, content["schema"]) == (0, 1)
    first = content["comparisons"][0]
    assert set(first) >= PROMISED
    assert (first["over"], first["task"], first["seeds"]) == ("target mean", "xnli", 3)
    assert first["sentence"] == crosslift.compare(runs).sentences[0]


def test_what_is_not_a_number_is_null_in_json(make_run):
    right, wrong = ([{"id": "0", "prediction": p, "gold": "a"}] for p in "ab")
    found = crosslift.compare(
        [make_run("x", scores={"en": right, "de": right}), make_run("y", scores={"en": right, "de": wrong})]
    )
    assert found.values()["comparisons"][0]["p"] is None
    assert "chance cannot be judged" in found.sentences[0]
    json.dumps(found.values(), allow_nan=False)


def test_the_terminal_shows_table_sentence_and_test(cli, runs):
    code, out, _ = cli(*runs)
    words = " ".join(out.split())
    assert code == 0
    assert "we[am] against t_l&m: xnli, accuracy in percent" in words
    assert "we[am] beats t_l&m by" in words
    assert (
        "2 of 2 languages agree in sign. Exact randomisation over 8 swaps of runs: p = 0.25 (the smallest possible)."
        in words
    )
    assert "hierarchical bootstrap" in words
    assert max(map(len, out.splitlines())) <= 80


def test_a_small_p_is_a_bound(cli, make_run):
    runs = [make_run(name, scores={"en": 0.8, "de": right}, items=400) for name, right in (("a", 0.3), ("b", 0.9))]
    words = " ".join(cli(*runs)[1].split())
    assert "swaps of items: p < 0.001." in words
    assert "p = <" not in words


def test_csv_has_one_line_per_comparison(cli, runs):
    _, out, _ = cli(*runs, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["over"] for row in rows] == ["target mean", "de", "sw", "en"]
    assert float(rows[0]["effect"]) == crosslift.compare(runs).comparisons[0].effect


def test_markdown_has_a_table(cli, runs):
    _, out, _ = cli(*runs, "--format", "markdown")
    rows = [line for line in out.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {9}
    assert len(rows) == 6
    assert r"we\[am\] beats t\_l\&m" in out


def test_latex_names_the_test_in_its_caption_and_escapes_names(cli, runs):
    _, out, _ = cli(*runs, "--format", "latex")
    caption = re.search(r"\\caption\{(.*)\}\n\\end\{table\}", out)
    assert caption is not None
    for words in ("hierarchical bootstrap", r"t\_l\&m", "Holm", "Exact randomisation", r"95\%"):
        assert words in caption[1]
    body = out[out.index(r"\toprule") : out.index(r"\bottomrule")]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in body.splitlines() if line.endswith(r"\\")} == {7}
    assert out.count("{") == out.count("}")
    out.encode("ascii")


def test_a_file_is_written_once(cli, runs, tmp_path):
    path = tmp_path / "table.md"
    code, out, _ = cli(*runs, "--format", "markdown", "--output", path)
    assert (code, out) == (0, f"{path}\n")
    assert path.read_text(encoding="utf-8").startswith("**we")
    code, out, err = cli(*runs, "--format", "csv", "--output", path)
    assert (code, out) == (2, "")
    assert f"{path} exists already and is never overwritten" in err


def test_a_file_needs_a_form(cli, runs, tmp_path):
    code, _, err = cli(*runs, "--output", tmp_path / "table")
    assert code == 2
    assert "expected --format csv, markdown or latex" in err


def test_wrong_input_is_one_paragraph_and_exit_code_2(cli, runs):
    code, out, err = cli(runs[0])
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "crosslift: input error: found one system, t_l&m (seed 0); expected runs of two recipes" in err
