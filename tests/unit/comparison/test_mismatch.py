"""Runs that do not go together: an error in a sentence, or a stated exclusion."""

from __future__ import annotations

import json

import pytest

import crosslift
from crosslift.errors import DataError, InputError
from tests.unit.comparison.conftest import records


@pytest.fixture
def pair(make_run):
    return [make_run("tlm"), make_run("weam")]


def change(run, language, edit):
    path = run / "predictions" / "xnli" / f"{language}.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(line) + "\n" for line in edit(lines)))


def edit_results(run, **values):
    content = json.loads((run / "results.json").read_text())
    (run / "results.json").write_text(json.dumps({**content, **values}))


def test_fewer_items(pair):
    change(pair[1], "de", lambda lines: lines[20:])
    with pytest.raises(
        DataError, match=r"weam.*de\.jsonl: 100 items, but .*tlm.* has 120; 20 are missing, the first with id '0'"
    ):
        crosslift.compare(pair)


def test_other_items(pair):
    change(pair[1], "sw", lambda lines: [{**line, "id": f"dev-{line['id']}"} for line in lines])
    with pytest.raises(DataError, match=r"120 are extra, the first with id 'dev-0'; were the runs scored on different"):
        crosslift.compare(pair)


def test_other_gold_answers(pair):
    change(pair[1], "sw", lambda lines: [{**line, "gold": "neutral"} for line in lines])
    with pytest.raises(
        DataError, match=r"item '0' has the gold answer 'neutral', but in .* it is 'entailment'; .*different splits"
    ):
        crosslift.compare(pair)


def test_an_item_twice(pair):
    change(pair[0], "de", lambda lines: [*lines, lines[3]])
    with pytest.raises(DataError, match=r"tlm.*de\.jsonl: id '3' occurs twice"):
        crosslift.compare(pair)


def test_no_gold_answers(pair):
    change(pair[0], "de", lambda lines: [*lines[:7], {**lines[7], "gold": None}, *lines[8:]])
    with pytest.raises(DataError, match=r"de\.jsonl, line 8: no gold answer"):
        crosslift.compare(pair)


def test_a_file_cut_off(pair):
    path = pair[1] / "predictions" / "xnli" / "de.jsonl"
    path.write_text(path.read_text()[:-9])
    with pytest.raises(DataError, match=r"de\.jsonl, line 120: incomplete JSON"):
        crosslift.compare(pair)


@pytest.mark.parametrize(
    "line", ['{"id": "1"}', "[1, 2]", '{"prediction": "neutral", "gold": "neutral"}', '{"id": "1"},{"id": "2"}']
)
def test_a_line_that_is_not_a_record(pair, line):
    path = pair[1] / "predictions" / "xnli" / "de.jsonl"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(DataError, match=r"de\.jsonl, line 121"):
        crosslift.compare(pair)


def test_a_file_that_is_gone_or_empty(pair):
    path = pair[1] / "predictions" / "xnli" / "de.jsonl"
    path.write_text("")
    with pytest.raises(DataError, match=r"de\.jsonl: no predictions in it"):
        crosslift.compare(pair)
    path.unlink()
    with pytest.raises(DataError, match=r"de\.jsonl: no such file, though results\.json has its score"):
        crosslift.compare(pair)


def test_predictions_of_another_type(make_run):
    tags = [{"id": str(i), "prediction": ["NOUN"], "gold": ["NOUN", "VERB"]} for i in range(3)]
    runs = [make_run(name, task="udpos") for name in ("a", "b")]
    for run in runs:
        edit_results(
            run, scores=[{"task": "udpos", "language": "de", "metric": "tagging_f1", "value": 1, "selection": "last"}]
        )
        (run / "predictions" / "udpos" / "de.jsonl").write_text("".join(json.dumps(line) + "\n" for line in tags))
    runs[0].joinpath("predictions/udpos/de.jsonl").write_text(
        "".join(json.dumps({**line, "prediction": 3}) + "\n" for line in tags)
    )
    with pytest.raises(DataError, match=r"tagging_f1 cannot score item '0'"):
        crosslift.compare(runs)


def test_a_language_that_some_runs_lack_is_left_out_and_said(make_run):
    runs = [make_run("tlm", seed) for seed in range(2)]
    runs += [make_run("weam", seed, scores={"en": 0.8, "de": 0.6, "fr": 0.6}) for seed in range(2)]
    found = crosslift.compare(runs)
    assert [row.over for row in found.comparisons] == ["target mean", "de", "en"]
    assert any(
        "language sw of xnli is left out: " in note and "weam" in note and "1 other" in note for note in found.notes
    )
    assert any("language fr of xnli is left out: " in note and "tlm" in note for note in found.notes)


def test_other_tasks(make_run):
    with pytest.raises(InputError, match=r"no task in common \(tlm: xnli; weam: pawsx\)"):
        crosslift.compare([make_run("tlm"), make_run("weam", task="pawsx")])


def test_no_language_in_common(make_run):
    runs = [make_run("tlm", scores={"de": 0.5}), make_run("weam", scores={"fr": 0.5})]
    with pytest.raises(
        InputError, match=r"nothing is left to compare: .*xnli is left out: no language is common to all runs"
    ):
        crosslift.compare(runs)


def test_a_newer_schema(pair):
    edit_results(pair[1], schema=2)
    with pytest.raises(InputError, match=r"weam.*results\.json: written in schema 2"):
        crosslift.compare(pair)


def test_scores_that_predictions_do_not_give(pair):
    content = json.loads((pair[1] / "results.json").read_text())
    content["scores"][1]["value"] += 3
    (pair[1] / "results.json").write_text(json.dumps(content))
    notes = crosslift.compare(pair).notes
    assert len(notes) == 1
    assert "xnli de" in notes[0]
    assert "the latter are compared" in notes[0]


def test_one_system_alone(make_run):
    with pytest.raises(InputError, match=r"found one system, tlm \(seed 0, 1\); expected runs of two"):
        crosslift.compare([make_run("tlm", 0), make_run("tlm", 1)])
    with pytest.raises(InputError, match=r"nothing to compare"):
        crosslift.compare([])


def test_no_run_there(tmp_path, pair):
    with pytest.raises(InputError, match=r"nowhere: no such directory"):
        crosslift.compare([*pair, tmp_path / "nowhere"])


def test_a_seed_twice(make_run, pair, tmp_path):
    import shutil

    shutil.copytree(pair[0], tmp_path / "again")
    with pytest.raises(
        InputError, match=r"again: recipe 'tlm' with seed 0 is also in .*tlm.*seed-0; expected each seed"
    ):
        crosslift.compare([*pair, tmp_path / "again"])


def test_a_run_named_twice_is_one_run(pair):
    assert crosslift.compare([*pair, pair[0]]) == crosslift.compare(pair)


def test_recipes_of_one_name_that_differ_are_two_systems(make_run, tmp_path):
    runs = [make_run("tlm"), make_run("weam"), make_run("other", settings="[align]\nsteps = 3\n[data]\npath = 'x'")]
    for name in ("recipe.toml", "results.json"):
        (runs[2] / name).write_text((runs[2] / name).read_text().replace('"other"', '"weam"'))
    found = crosslift.compare(runs)
    assert len({row.system for row in found.comparisons}) == 2
    assert "Recipes called weam differ in more than the seed (align.steps), so they are 2 systems." in found.notes


def test_where_data_lay_makes_no_other_system(make_run):
    runs = [make_run("tlm", seed, settings=f"[data]\npath = '{seed}'") for seed in range(2)] + [make_run("weam")]
    assert {row.baseline for row in crosslift.compare(runs).comparisons} == {"tlm"}


def test_an_unknown_rule(pair):
    with pytest.raises(
        InputError, match=r"xnli was not scored under the rule 'source-dve'; did you mean 'source-dev'\?"
    ):
        crosslift.compare(pair, selection="source-dve")


def test_languages_in_other_line_breaks_are_read_whole(make_run):
    lines = [{**line, "text": "one\u2028two\x85three"} for line in records(30, 0.5)]
    runs = [make_run(name, scores={"en": 0.8, "de": lines}, items=30) for name in ("a", "b")]
    assert crosslift.compare(runs).comparisons[0].effect == 0
