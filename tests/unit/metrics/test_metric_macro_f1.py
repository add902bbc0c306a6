"""Macro F1 is scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from crosslift.errors import InputError
from crosslift.metrics.macro_f1 import MacroF1

LABELS = ("a", "b", "c", "never")


@pytest.mark.parametrize("seed", range(5))
def test_it_is_that_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    gold, predicted = rng.choice(LABELS[: 1 + seed % 3], size=(2, 40)).tolist()
    records = [{"prediction": p, "gold": g} for p, g in zip(predicted, gold, strict=True)]
    expected = 100 * f1_score(gold, predicted, average="macro")
    assert MacroF1(LABELS)(records) == pytest.approx(expected, abs=1e-12)


def test_it_needs_labels():
    with pytest.raises(InputError, match="needs a task with labels"):
        MacroF1()


def test_a_label_it_was_not_told_names_the_nearest():
    with pytest.raises(InputError, match="macro_f1: unknown label 'nevr'; did you mean 'never'"):
        MacroF1(LABELS)([{"prediction": "nevr", "gold": "a"}])
