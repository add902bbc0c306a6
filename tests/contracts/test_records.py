"""Every record that a prediction yields has the keys of the record type of its task type."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from crosslift.api.examples import Candidate, MiningExample, RankingExample, RetrievalExample, TaskType
from crosslift.api.records import RECORD_TYPE_OF, RECORDS, Record, RecordType
from crosslift.data.test_data import TestSet
from crosslift.encoder.encoder import Encoder
from crosslift.evaluation.predict import predict
from crosslift.heads.task_model import TaskModel
from crosslift.retrieval.scorer import scorer
from crosslift.tasks.bucc2018 import Bucc2018
from crosslift.tasks.lareqa import Lareqa
from crosslift.tasks.tatoeba import Tatoeba
from tests import records
from tests.contracts.cases import FRAMES, LABELS, TASK_TYPES, Checkpoint, examples
from tests.tiny import TEXTS

POOL = tuple((f"s{row}", text) for row, text in enumerate(TEXTS[:4]))
OTHER_POOL = tuple((f"t{row}", text) for row, text in enumerate(TEXTS[4:]))
EMBEDDED: dict[str, tuple[Any, list[Any]]] = {
    "retrieval": (Tatoeba(), [RetrievalExample(str(row), TEXTS[row], TEXTS[row + 4]) for row in range(4)]),
    "mining": (Bucc2018(), [MiningExample("0", POOL, OTHER_POOL, (("s0", "t0"), ("s1", "t0"), ("s2", "t3")))]),
    "ranking": (Lareqa(), [RankingExample("q", TEXTS[0], "q")]),
}
CANDIDATES = [Candidate(str(row), text, "en", ("q",) if row < 2 else ()) for row, text in enumerate(TEXTS)]


def check(task_type: Any, found: list[Record]) -> None:
    keys = RECORDS[RECORD_TYPE_OF[task_type]]
    assert found
    for record in found:
        assert keys.__required_keys__ <= record.keys() <= keys.__required_keys__ | keys.__optional_keys__


def test_every_task_type_and_record_type_is_listed():
    assert set(RECORD_TYPE_OF) == set(get_args(TaskType))
    assert set(RECORDS) == set(records.DRAWS) == set(get_args(RecordType)) == set(RECORD_TYPE_OF.values())


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_predictions_of_a_head(checkpoint: Checkpoint, task_type: Any):
    labels = FRAMES if task_type == "intent_slot" else LABELS
    model = TaskModel.create(Encoder.load(checkpoint("bert")), task_type, labels, seed=0)
    check(task_type, predict(model, examples(task_type), language="en", max_length=48))


@pytest.mark.parametrize("task_type", EMBEDDED)
def test_predictions_by_sentence_vectors(checkpoint: Checkpoint, task_type: Any):
    task, rows = EMBEDDED[task_type]
    test = TestSet(task, "dev", {"de": rows}, candidates=CANDIDATES)
    score = scorer(Encoder.load(checkpoint("bert")), test, source="en", pooling="mean")
    check(task_type, score("de", rows))


@pytest.mark.parametrize("record_type", get_args(RecordType))
def test_the_random_records_of_the_tests(record_type: RecordType):
    keys = RECORDS[record_type]
    for record in records.records(record_type):
        assert keys.__required_keys__ <= record.keys() <= keys.__required_keys__ | keys.__optional_keys__


@pytest.mark.parametrize("record_type", get_args(RecordType))
def test_no_random_record_is_right_where_all_are_wrong(record_type: RecordType):
    right = records.records(record_type, right=1)
    for before, after in zip(right, records.all_wrong(record_type, right), strict=True):
        assert before["gold"] == after["gold"]
        assert not np.array_equal(before["prediction"], after["prediction"])
