"""Intent accuracy, slot F1 and frame accuracy, by hand."""

from __future__ import annotations

import pytest

from crosslift.metrics.frame_accuracy import FrameAccuracy
from crosslift.metrics.intent_accuracy import IntentAccuracy
from crosslift.metrics.slot_f1 import SlotF1
from crosslift.metrics.tagging_f1 import TaggingF1


def record(predicted: tuple[str, str], gold: tuple[str, str]) -> dict:
    sides = [{"intent": intent, "slots": slots.split()} for intent, slots in (predicted, gold)]
    return dict(zip(("prediction", "gold"), sides, strict=True))


RECORDS = [
    record(("go", "O B-a I-a"), ("go", "O B-a I-a")),  # all right
    record(("go", "O B-a O"), ("go", "O B-a I-a")),  # a slot too short
    record(("stop", "O O B-b"), ("go", "O O B-b")),  # another intent
    record(("go", "I-a O O"), ("go", "B-a O O")),  # the same slot, written otherwise
]


def test_scores_by_hand():
    assert IntentAccuracy()(RECORDS) == 75
    assert FrameAccuracy()(RECORDS) == 50
    assert SlotF1()(RECORDS) == pytest.approx(100 * 2 * 3 / (4 + 4))


def test_slot_f1_is_that_of_the_tags():
    tags = [{side: record[side]["slots"] for side in ("prediction", "gold")} for record in RECORDS]
    assert SlotF1()(RECORDS) == TaggingF1()(tags)
    seqeval = pytest.importorskip("seqeval.metrics")
    pairs = [[each[side] for each in tags] for side in ("gold", "prediction")]
    assert SlotF1()(RECORDS) == pytest.approx(100 * seqeval.f1_score(*pairs))
