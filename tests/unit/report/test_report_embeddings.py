from __future__ import annotations

import numpy as np
import pytest

from crosslift.errors import InputError
from crosslift.runs import embedding_map


@pytest.fixture
def load(tmp_path, write_embeddings):
    def read(name="embeddings", **settings):
        path = tmp_path / f"{name}.npz"
        write_embeddings(path, **settings)
        return embedding_map.load(path)

    return read


def test_translations_that_lie_together_are_seen(load):
    mixed = embedding_map.layout(load("mixed", mixed=1.0))
    apart = embedding_map.layout(load("apart", mixed=0.0))
    assert mixed.by_meaning > 0.6 > 0.2 > mixed.by_language
    assert apart.by_language > 0.5 > 0.2 > apart.by_meaning
    assert mixed.tsne.shape == mixed.pca.shape == (36, 2)
    assert np.abs(mixed.pca).max() == pytest.approx(1.0)


def test_the_same_vectors_give_the_same_map(load):
    embeddings = load()
    first, second = embedding_map.layout(embeddings), embedding_map.layout(embeddings)
    np.testing.assert_array_equal(first.tsne, second.tsne)
    np.testing.assert_array_equal(first.pca, second.pca)


def test_a_sample_keeps_whole_meanings(load):
    sample = embedding_map.sample(load(), maximum=17)
    _, counts = np.unique(sample.ids, return_counts=True)
    assert counts.tolist() == [3] * 5


def test_equal_vectors_have_no_map(tmp_path):
    path = tmp_path / "embeddings.npz"
    names = np.array([str(i) for i in range(20)])
    np.savez(path, vectors=np.ones((20, 4), dtype=np.float16), languages=names, ids=names, texts=names)
    assert embedding_map.layout(embedding_map.load(path)) is None


def test_vectors_that_are_not_finite_are_dropped_and_counted(tmp_path):
    path = tmp_path / "embeddings.npz"
    vectors = np.ones((3, 2), dtype=np.float16)
    vectors[1, 0] = np.inf
    names = np.array(["a", "b", "c"])
    np.savez(path, vectors=vectors, languages=names, ids=names, texts=names)
    embeddings = embedding_map.load(path)
    assert (embeddings.ids.tolist(), embeddings.dropped) == (["a", "c"], 1)


def test_a_damaged_file_is_named(tmp_path, write_embeddings):
    path = tmp_path / "embeddings.npz"
    write_embeddings(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"embeddings\.npz: incomplete"):
        embedding_map.load(path)


def test_missing_and_uneven_arrays_are_told(tmp_path):
    path = tmp_path / "embeddings.npz"
    np.savez(path, vectors=np.ones((3, 2)))
    with pytest.raises(InputError, match="expected the arrays vectors, languages, ids and texts"):
        embedding_map.load(path)
    np.savez(path, vectors=np.ones((3, 2)), languages=np.array(["a"]), ids=np.array(["1"]), texts=np.array(["x"]))
    with pytest.raises(InputError, match=r"vectors of shape \(3, 2\) with 1 languages"):
        embedding_map.load(path)
