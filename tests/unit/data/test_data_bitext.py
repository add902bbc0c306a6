"""Bitext, in memory and on disk."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslift.data.bitext import Bitext
from crosslift.data.filters import FilterSettings
from crosslift.errors import DataError, LanguageError, StorageError

EN_DE = ("en", "de")
PAIRS = [("a small house", "ein kleines Haus"), ("two houses", "zwei Häuser"), ("你好", "hallo 😀")]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "de.tsv"
    path.write_text("".join(f"{a}\t{b}\n" for a, b in PAIRS), encoding="utf-8")
    return path


@pytest.mark.parametrize("cached", [False, True])
def test_pairs_are_read_indexed_and_iterated(file, tmp_path, cached):
    bitext = Bitext.read(file, EN_DE, cache=tmp_path / "cache" if cached else None)
    assert len(bitext) == 3
    assert list(bitext) == PAIRS
    assert [bitext[index] for index in range(-3, 3)] == PAIRS * 2
    assert bitext.languages == EN_DE
    assert bitext.report.read == 3
    assert (bitext.linked, bitext.links(0)) == (False, None)
    assert repr(bitext) == "Bitext(en-de, 3 pairs)"


def test_an_index_out_of_range_is_an_index_error(file):
    bitext = Bitext.read(file, EN_DE)
    for index in (3, -4):
        with pytest.raises(IndexError, match=f"pair {index} of 3"):
            bitext[index]


def test_a_folder_is_searched_for_the_language_pair(file):
    assert list(Bitext.read(file.parent, EN_DE)) == PAIRS
    with pytest.raises(LanguageError, match="no bitext of en-sw"):
        Bitext.read(file.parent, ("en", "sw"))


def test_links_are_read_from_the_links_file_and_cached(file, tmp_path):
    file.with_name("de.links").write_text("0-0 1-1 2-2\n\n0-0\n", encoding="utf-8")
    for _ in range(2):
        bitext = Bitext.read(file, EN_DE, cache=tmp_path / "cache")
        assert [bitext.links(index) for index in range(3)] == [((0, 0), (1, 1), (2, 2)), (), ((0, 0),)]
    assert repr(bitext) == "Bitext(en-de, 3 pairs, with word links)"


def test_links_stay_with_their_pairs_when_others_are_dropped(file, tmp_path):
    links = tmp_path / "gold"
    links.write_text("9-9\n1-1\n2-2\n", encoding="utf-8")
    bitext = Bitext.read(file, EN_DE, links=links, test_texts=["A small house."])
    assert [(pair[1], bitext.links(index)) for index, pair in enumerate(bitext)] == [
        ("zwei Häuser", ((1, 1),)),
        ("hallo 😀", ((2, 2),)),
    ]
    assert bitext.report.dropped == {"in a test set": 1}


def test_links_can_be_added(file):
    linked = Bitext.read(file, EN_DE).with_links([[(0, 0)], [], [(0, 1)]])
    assert [linked.links(index) for index in range(3)] == [((0, 0),), (), ((0, 1),)]
    assert list(linked) == PAIRS
    with pytest.raises(ValueError, match="shorter"):
        linked.with_links([[]])


def test_the_cache_is_written_once_and_read_through_a_memory_map(file, tmp_path):
    cache = tmp_path / "cache"
    Bitext.read(file, EN_DE, cache=cache)
    (folder,) = cache.iterdir()
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    again = Bitext.read(file, EN_DE, cache=cache)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times
    assert isinstance(again._store.text, np.memmap)
    assert again.report.read == 3


@pytest.mark.parametrize(
    "change",
    [
        {"languages": ("en", "fr")},
        {"columns": (1, 0)},
        {"filters": FilterSettings(max_ratio=2)},
        {"test_texts": ["x"]},
    ],
)
def test_another_way_of_reading_is_another_cache_entry(file, tmp_path, change):
    cache = tmp_path / "cache"
    Bitext.read(file, EN_DE, cache=cache)
    Bitext.read(file, **{"languages": EN_DE, **change}, cache=cache)
    assert len(list(cache.iterdir())) == 2


def test_a_changed_file_is_another_cache_entry(file, tmp_path):
    cache = tmp_path / "cache"
    Bitext.read(file, EN_DE, cache=cache)
    file.write_text("x y\tu v\n", encoding="utf-8")
    assert list(Bitext.read(file, EN_DE, cache=cache)) == [("x y", "u v")]


def test_a_mistake_half_way_leaves_nothing_in_the_cache(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("a b\tc d\nno target\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 2"):
        Bitext.read(path, EN_DE, cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_full_disk_is_a_storage_error_and_leaves_nothing(file, tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(StorageError, match=r"cannot be written: .*No space left"):
        Bitext.read(file, EN_DE, cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_losing_a_race_for_the_cache_entry_is_no_error(file, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    rename = Path.rename

    def lose(self: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        Bitext.read(file, EN_DE, cache=cache)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", lose)
    assert list(Bitext.read(file, EN_DE, cache=cache)) == PAIRS
    assert len(list(cache.iterdir())) == 1


def test_no_pair_left_says_why(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("same\tsame\n", encoding="utf-8")
    with pytest.raises(DataError, match="no pair of the bitext is left: 1 pairs read, 0 kept"):
        Bitext.read(path, EN_DE)


def test_links_for_fewer_pairs_than_there_are_is_an_error():
    with pytest.raises(ValueError, match="shorter"):
        Bitext.from_pairs(PAIRS, languages=EN_DE, links=[()])


SENTENCES = st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=8)


@given(SENTENCES)
def test_any_text_comes_back_as_it_was(pairs):
    assert list(Bitext.from_pairs(pairs, languages=EN_DE)) == pairs


@pytest.mark.parametrize("limit", [1, 2, 9])
def test_a_limit_counts_pairs_read(file, tmp_path, limit):
    for cache in (None, tmp_path / "cache"):
        assert list(Bitext.read(file, EN_DE, limit=limit, cache=cache)) == PAIRS[:limit]
