"""BUCC's files: two pools and pairs of their ids."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crosslift.api.examples import MiningExample
from crosslift.data.sources import SourceSettings, open_source
from crosslift.data.test_data import read_test_set
from crosslift.errors import DataError
from crosslift.tasks.bucc2018 import Bucc2018


def write(root: Path, *, name: str = "bucc2018/de-en.dev", gold: str | None = "de-1\ten-2\n", german: str = "") -> Path:
    stem = root / name
    stem.parent.mkdir(parents=True, exist_ok=True)
    Path(f"{stem}.de").write_text(german or "de-1\tEin Satz.\textra\nde-2\tNoch einer.\n", encoding="utf-8")
    Path(f"{stem}.en").write_text("en-1\tA thing.\nen-2\tA sentence.\n", encoding="utf-8")
    if gold is not None:
        Path(f"{stem}.gold").write_text(gold, encoding="utf-8")
    return root


def source(root):
    return open_source(SourceSettings(source="directory", path=root))


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("bucc2018/de-en.dev", "dev"),
        ("bucc2018/de-en.test", "test"),
        ("bucc2018/de-en.sample", "dev"),
        ("bucc2018/de-en/de-en.training", "test"),
    ],
)
def test_a_language_is_one_example(tmp_path, name, split):
    data = source(write(tmp_path, name=name))
    assert data.languages(Bucc2018(), split) == ("de",)
    assert data.examples(Bucc2018(), split, "de") == [
        MiningExample(
            "0",
            (("en-1", "A thing."), ("en-2", "A sentence.")),
            (("de-1", "Ein Satz."), ("de-2", "Noch einer.")),
            (("en-2", "de-1"),),
        )
    ]
    assert len(data.describe()["files"]) == 3


def test_gold_of_the_shared_task_serves_xtremes_test(tmp_path):
    write(tmp_path, name="bucc2018/de-en.test", gold=None)
    (tmp_path / "bucc2018/de-en.training.gold").write_text("de-2\ten-1\n", encoding="utf-8")
    (example,) = source(tmp_path).examples(Bucc2018(), "test", "de")
    assert example.gold == (("en-1", "de-2"),)


def test_without_gold_there_is_nothing_to_score(tmp_path):
    data = source(write(tmp_path, gold=None))
    assert data.examples(Bucc2018(), "dev", "de")[0].gold is None
    with pytest.raises(DataError, match="no gold answer"):
        read_test_set(data, Bucc2018(), "dev", None)


def test_the_threshold_needs_dev(tmp_path):
    data = source(write(tmp_path, name="bucc2018/de-en.test"))
    with pytest.raises(DataError, match="no dev split of bucc2018"):
        read_test_set(data, Bucc2018(), "test", None)
    write(tmp_path)
    assert read_test_set(data, Bucc2018(), "test", None).dev["de"][0].gold == (("en-2", "de-1"),)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"gold": "de-1\ten-3\n"}, r"de-en\.dev\.gold, line 1: no sentence has the id 'en-3'; did you mean 'en-"),
        ({"gold": "de-1 en-2\n"}, r"gold, line 1: found 'de-1 en-2'; expected two ids"),
        ({"german": "de-1\ta\nde-2 b\n"}, r"de-en\.dev\.de, line 2: found 'de-2 b'; expected an id, a tab"),
    ],
)
def test_mistakes_in_the_files(tmp_path, files, message):
    with pytest.raises(DataError, match=message):
        source(write(tmp_path, **files)).examples(Bucc2018(), "dev", "de")


def test_rows_of_users(tmp_path):
    row = {"source": [["a", "x"]], "target": [["b", "y"]]}
    assert Bucc2018().from_row(row, 7, where="here") == MiningExample("7", (("a", "x"),), (("b", "y"),))
    with pytest.raises(DataError, match="here: column 'target' contains a value of type str; expected a list of pairs"):
        Bucc2018().from_row(row | {"target": "y"}, 0, where="here")


@pytest.mark.real
@pytest.mark.skipif("CROSSLIFT_REAL_DATA" not in os.environ, reason="CROSSLIFT_REAL_DATA is not set")
def test_real_pools():
    (example,) = source(os.environ["CROSSLIFT_REAL_DATA"]).examples(Bucc2018(), "dev", "zh")
    assert (len(example.target), len(example.source)) == (8_624, 13_589)
    assert example.target[0][0] == "zh-000000001"
