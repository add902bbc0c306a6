"""The lab as a source."""

from __future__ import annotations

import pytest

from crosslift.api.examples import EXAMPLE_OF
from crosslift.data.sources import SourceSettings, open_source
from crosslift.errors import DataError
from crosslift.lab.tasks import LAB_TASKS
from crosslift.tasks.sib200 import Sib200
from crosslift.tasks.tatoeba import Tatoeba
from crosslift.tasks.udpos import Udpos
from crosslift.tasks.xnli import Xnli

COUNTS = {"train": 12, "dev": 5, "test": 7}


@pytest.fixture(scope="module")
def lab():
    return open_source(SourceSettings(source="lab", counts=COUNTS))


@pytest.mark.parametrize("make", [Xnli, Sib200, Udpos, Tatoeba])
def test_every_task_has_its_counts_in_every_language(lab, make):
    task = make()
    for split, count in COUNTS.items():
        for language in lab.languages(task, split)[:3]:
            examples = lab.examples(task, split, language)
            assert len(examples) == count
            assert all(isinstance(example, EXAMPLE_OF[task.task_type]) for example in examples)


def test_ids_are_the_same_in_every_language(lab):
    first, second, *_ = lab.languages(Xnli(), "test")
    ids = [[example.id for example in lab.examples(Xnli(), "test", code)] for code in (first, second)]
    assert ids[0] == ids[1]


def test_the_source_language_is_the_worlds_and_is_not_retrieved_from_itself(lab):
    source = lab.source_language(Xnli())
    assert lab.languages(Xnli(), "test")[0] == source
    assert source not in lab.languages(Tatoeba(), "test")


def test_labels_are_those_of_the_lab(lab):
    assert set(lab.labels(Xnli())) == set(Xnli.labels)
    assert set(lab.labels(Udpos())) <= set(Udpos.labels)
    assert lab.labels(Sib200()) == LAB_TASKS["topic"].labels


def test_another_seed_is_another_world(lab):
    other = open_source(SourceSettings(source="lab", counts=COUNTS, seed=1))
    assert other.examples(Xnli(), "dev", "qaa") != lab.examples(Xnli(), "dev", "qaa")
    assert lab.examples(Xnli(), "dev", "qaa") == lab.examples(Xnli(), "dev", "qaa")


def test_a_task_the_lab_lacks_is_an_error(lab):
    class Other(Xnli):
        lab_task = None

    with pytest.raises(DataError, match="the lab: no test split"):
        lab.examples(Other(), "test", "qaa")
    with pytest.raises(DataError, match="the lab has no task like"):
        lab.labels(Other())


def test_the_record_holds_seed_and_counts(lab):
    assert lab.describe() == {"source": "lab", "seed": 0, "counts": COUNTS}
