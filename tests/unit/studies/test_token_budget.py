"""Arms of equal steps that read different amounts of text."""

from __future__ import annotations

from crosslift.studies.result import ArmResult
from crosslift.studies.token_budget import unequal_tokens


def arm(name, **tokens):
    """Return an arm of 200 steps a stage, whose alignment two tasks share."""
    stages = [
        {"task": task, "stage": stage, "seconds": 1.0, "steps": 200, "tokens": read}
        for task in ("xnli", "udpos")
        for stage, read in tokens.items()
    ]
    return ArmResult(name=name, about="", control=False, seconds=1.0, steps=200, tokens=1, stages=tuple(stages))


def test_arms_that_read_less_in_as_many_steps_are_noted_once():
    mixed, alone = arm("mixed", align=280_346, finetune=5_000), arm("alone", align=60_505, finetune=5_200)
    assert unequal_tokens([arm("none", finetune=5_000), mixed, alone]) == [
        "align: in 200 steps mixed reads 280,346 tokens and alone 60,505, so equal steps are not equal text."
    ]


def test_half_as_much_again_is_the_limit_and_other_steps_are_another_matter():
    assert unequal_tokens([arm("a", align=100), arm("b", align=149)]) == []
    assert len(unequal_tokens([arm("a", align=100), arm("b", align=150)])) == 1
    longer = arm("b", align=150).model_copy(update={"stages": ({**arm("b", align=150).stages[0], "steps": 400},)})
    assert unequal_tokens([arm("a", align=100), longer]) == []
