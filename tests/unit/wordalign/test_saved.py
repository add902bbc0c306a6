"""A saved model is the model."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from crosslift.encoder.scratch.tokenizer import train_tokenizer
from crosslift.errors import DataError, StorageError
from crosslift.wordalign import WordAligner
from tests.unit.wordalign import corpora

NEW = [*corpora.texts(corpora.lab(20, seed=1)), ("unheard of", "niegehört"), ("", "x")]


@pytest.fixture(scope="module")
def trained():
    return WordAligner(threads=1, lexicon=[("mugu", "Dipip")]).fit(corpora.texts(corpora.lab(100)))


@pytest.fixture
def saved(trained, tmp_path):
    path = tmp_path / "deep" / "model.npz"
    trained.save(path)
    return path


@pytest.mark.parametrize(
    "given",
    [
        {"model_type": "fast"},
        {"model_type": "hmm"},
        {"agreement": False, "prefix_length": 0},
        {"stem_length": 3, "case_fold": False, "alpha": 0.0, "lexicon": [("a", "b"), ("mugu", "Dipip")]},
        {"iterations": 1},
    ],
)
def test_links_and_scores_are_those_before_saving(given, tmp_path):
    aligner = WordAligner(threads=1, **given).fit(corpora.texts(corpora.lab(100)))
    aligner.save(tmp_path / "model")
    loaded = WordAligner.load(tmp_path / "model", threads=1)
    assert loaded.settings == aligner.settings
    assert list(loaded.align_scored(NEW)) == list(aligner.align_scored(NEW))


def test_a_loaded_model_saves_the_same_bytes(saved, tmp_path):
    again = tmp_path / "again.npz"
    WordAligner.load(saved, threads=1).save(again)
    with np.load(saved) as first, np.load(again) as second:
        assert first.files == second.files
        assert all(np.array_equal(first[name], second[name]) for name in first.files)


def test_a_model_of_subwords_is_loaded_with_its_tokenizer(tmp_path):
    pairs = corpora.texts(corpora.lab(60))
    tokenizer = train_tokenizer([text for pair in pairs for text in pair], 150)
    aligner = WordAligner(threads=1, tokenizer=tokenizer).fit(pairs)
    aligner.save(tmp_path / "model")
    loaded = WordAligner.load(tmp_path / "model", tokenizer=tokenizer, threads=1)
    assert list(loaded.align(pairs)) == list(aligner.align(pairs))
    with pytest.raises(DataError, match=r"the model aligns subwords of .*; expected words"):
        WordAligner.load(tmp_path / "model")
    with pytest.raises(DataError, match=r"the model aligns subwords of .*; expected subwords of"):
        WordAligner.load(tmp_path / "model", tokenizer=train_tokenizer(["ein Haus"], 20))


def test_the_file_needs_no_pickle(saved):
    with np.load(saved, allow_pickle=False) as held:
        arrays = {name: held[name] for name in held.files}
    assert not any(values.dtype.hasobject for values in arrays.values())
    note = json.loads(arrays["note"].tobytes())
    assert note["settings"]["model_type"] == "hmm"


def test_no_other_file_is_left(saved, trained):
    trained.save(saved)
    assert [path.name for path in saved.parent.iterdir()] == ["model.npz"]


@pytest.mark.parametrize("word", ["line\nfeed", "\n", "\x85next", "\u2028", "tab\r", "\x00nul"])
def test_words_of_any_letters_survive(word, tmp_path):
    pairs = [([word, "b"], ["x", word]), (["b"], ["x"])] * 3
    aligner = WordAligner(threads=1).fit(pairs)
    aligner.save(tmp_path / "model")
    loaded = WordAligner.load(tmp_path / "model", threads=1)
    assert loaded.trained.words == aligner.trained.words
    assert list(loaded.align_scored(pairs)) == list(aligner.align_scored(pairs))


def test_a_missing_file_names_the_nearest(saved):
    with pytest.raises(DataError, match=r"no such file; did you mean 'model\.npz'"):
        WordAligner.load(saved.with_name("modle.npz"))


def rezipped(path, change):
    """Write the arrays again, changed."""
    with np.load(path) as held:
        arrays = {name: held[name] for name in held.files}
    change(arrays)
    np.savez(path, **arrays)


def noted(**changed):
    def change(arrays):
        note = json.loads(arrays["note"].tobytes())
        note.update(changed)
        arrays["note"] = np.frombuffer((json.dumps(note) + "\n").encode(), np.uint8)

    return change


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
        pytest.param(lambda path: path.write_bytes(b"not a model at all"), id="text"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-200]), id="cut short"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]), id="half"),
        pytest.param(lambda path: np.save(path.open("wb"), np.arange(3)), id="npy"),
        pytest.param(lambda path: zipfile.ZipFile(path, "w").close(), id="empty zip"),
        pytest.param(lambda path: rezipped(path, lambda arrays: arrays.pop("counts")), id="no counts"),
        pytest.param(lambda path: rezipped(path, lambda arrays: arrays.pop("steps")), id="no steps"),
        pytest.param(lambda path: rezipped(path, lambda arrays: arrays.update(note=np.arange(3))), id="no note"),
        pytest.param(lambda path: rezipped(path, noted(schema=2)), id="later schema"),
        pytest.param(lambda path: rezipped(path, noted(settings={"iterations": 0})), id="wrong settings"),
        pytest.param(lambda path: rezipped(path, noted(settings=[1])), id="settings of another kind"),
        pytest.param(lambda path: rezipped(path, noted(lexicon=3)), id="lexicon of another kind"),
    ],
)
@pytest.mark.filterwarnings("ignore:unclosed file")
def test_a_damaged_file_is_a_clear_error(saved, harm):
    harm(saved)
    with pytest.raises(DataError, match=r"model\.npz: expected a word aligner's model of schema 1"):
        WordAligner.load(saved)


def test_a_place_that_cannot_be_written_is_a_clear_error(trained, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"):
        trained.save(tmp_path / "file" / "model")
