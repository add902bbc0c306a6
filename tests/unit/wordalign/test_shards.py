"""Shards in Ray workers give what one process gives."""

from __future__ import annotations

import numpy as np
import pytest

from crosslift.errors import RecipeError
from crosslift.wordalign import WordAligner
from tests.unit.wordalign import corpora

ray = pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Ray warns of what it does itself


@pytest.fixture(scope="module", autouse=True)
def cluster():
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.parametrize("model", ["fast", "hmm"])
def test_two_workers_give_the_links_of_one_process(model):
    pairs = [("", "x"), *corpora.texts(corpora.lab(301, "qag")), ("a " * 600, "x")]
    alone, shared = WordAligner(model, threads=1), WordAligner(model, threads=1, workers=2)
    one, two = list(alone.fit_align(pairs)), list(shared.fit_align(pairs))
    # Counts are added in another order, which turns ties.
    assert sum(a.links != b.links for a, b in zip(one, two, strict=True)) <= 3
    np.testing.assert_allclose(
        [alignment.score for alignment in one], [alignment.score for alignment in two], rtol=1e-4
    )
    assert shared.skipped == 1
    np.testing.assert_allclose(
        [step.log_likelihood for step in alone.history], [step.log_likelihood for step in shared.history], rtol=1e-6
    )
    assert list(shared.align_scored(pairs)) == two


def test_there_may_be_more_workers_than_pairs():
    assert [alignment.links for alignment in WordAligner(workers=2, threads=1).fit_align([("a", "x")])] == [((0, 0),)]


def test_more_workers_than_ray_has_room_for_are_a_clear_error():
    with pytest.raises(RecipeError, match="Ray has 2"):
        WordAligner(workers=3, threads=1).fit([("a b", "x y")] * 5)
