"""What a rule makes of an effect."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest

from crosslift.studies.evidence import Effect
from crosslift.studies.tables import Hypothesis
from crosslift.studies.verdicts import in_words, judge


@dataclass
class Known:
    """Evidence whose effects are given: by system, or by system and language."""

    effects: dict
    tasks: tuple[str, ...] = ("xnli",)
    languages: dict = field(default_factory=dict)
    failed: str = ""

    def of(self, wanted):
        return self.effects[wanted.system]

    def unlearned(self, wanted):
        return self.failed if wanted.system == "a" else ""

    def by_language(self, wanted):
        return [(code, effect, effect.p) for code, effect in self.languages[wanted.system].items()]


def effect(low, high, *, p=0.01, seeds=5):
    return Effect((low + high) / 2, low, high, p, seeds)


def verdict(rule, evidence, measured=None):
    hypothesis = Hypothesis(name="H1", statement="so it is", rule=rule)
    return judge(hypothesis, evidence, measured or {})


def difference(system="a", **more):
    return {"system": system, "over": "z", **more}


@pytest.mark.parametrize(
    ("low", "high", "more", "expected"),
    [
        (0.1, 2.0, {}, "confirmed"),
        (-0.1, 2.0, {}, "inconclusive"),
        (-2.0, -0.1, {}, "refuted"),
        (-2.0, -0.1, {"direction": "lower"}, "confirmed"),
        (0.1, 2.0, {"direction": "lower"}, "refuted"),
        (0.5, 1.5, {"at_least": 1.5}, "inconclusive"),  # above 0, but not as large as claimed, nor surely smaller
        (0.5, 3.5, {"at_least": 1.5}, "confirmed"),
        (0.2, 1.4, {"at_least": 1.5}, "refuted"),
    ],
)
def test_an_interval_decides(low, high, more, expected):
    found = verdict({"use": "all", "difference": [difference(**more)]}, Known({"a": effect(low, high)}))
    assert found.verdict == expected
    assert (found.effect, found.low, found.high) == ((low + high) / 2, low, high)


@pytest.mark.parametrize(("of", "unit"), [("targets", "points"), ("rank_distance", "places")])
def test_an_effect_says_what_it_counts(of, unit):
    found = verdict({"use": "all", "difference": [difference(of=of)]}, Known({"a": effect(1, 2)}))
    assert found.unit == found.findings[0].unit == unit


def test_one_seed_never_decides():
    found = verdict({"use": "all", "difference": [difference()]}, Known({"a": effect(1, 2, seeds=1)}))
    assert found.verdict == "inconclusive"


@pytest.mark.parametrize(
    ("second", "expected"), [((1, 2), "confirmed"), ((-1, 2), "inconclusive"), ((-2, -1), "refuted")]
)
def test_all_needs_every_difference(second, expected):
    rule = {"use": "all", "difference": [difference("a"), difference("b")]}
    found = verdict(rule, Known({"a": effect(3, 4), "b": effect(*second)}))
    assert found.verdict == expected
    if expected != "confirmed":
        assert found.effect == sum(second) / 2  # the one that decides stands first
    else:
        assert found.effect == 1.5  # the smaller one: what holds of all


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        (((1, 2), (1, 2), (-2, -1)), "confirmed"),
        (((1, 2), (-1, 2), (-2, -1)), "inconclusive"),
        (((1, 2), (-2, -1), (-2, -1)), "refuted"),
    ],
)
def test_some_needs_so_many(effects, expected):
    rule = {"use": "some", "at_least": 2, "difference": [difference(name) for name in "abc"]}
    evidence = Known({name: effect(*ends) for name, ends in zip("abc", effects, strict=True)})
    assert verdict(rule, evidence).verdict == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(-1, 0.5, "confirmed"), (-2, 0.5, "inconclusive"), (1.1, 3, "refuted"), (-9, -4, "refuted")],
)
def test_within_wants_the_whole_interval_inside(low, high, expected):
    rule = {"use": "within", "low": -1.5, "high": 1.0, "difference": [difference()]}
    assert verdict(rule, Known({"a": effect(low, high)})).verdict == expected


def test_anywhere_adjusts_for_the_number_of_languages():
    rule = {"use": "anywhere", "difference": [difference()]}
    clear, close = effect(1, 2, p=0.001), effect(0.1, 2, p=0.04)
    one = verdict(rule, Known({}, languages={"a": {"de": clear, "fr": effect(-2, -1)}}))
    assert one.verdict == "confirmed"
    assert one.findings[0].text.endswith("in de")
    # 0.04 in one of two languages is 0.08 of both
    assert (
        verdict(rule, Known({}, languages={"a": {"de": close, "fr": effect(-1, 1, p=0.9)}})).verdict == "inconclusive"
    )
    assert verdict(rule, Known({}, languages={"a": {"de": effect(-2, -1), "fr": effect(-3, -1)}})).verdict == "refuted"


def test_a_measured_number_decides_without_an_interval():
    rule = {"use": "measured", "measurement": "m", "value": "share", "at_least": 0.5}
    found = verdict(rule, Known({}), {"m": {"share": 0.7, "other": 2.0}})
    assert found.verdict == "confirmed"
    assert math.isnan(found.low)
    assert "other 2" in found.findings[0].text
    assert found.unit == found.findings[0].unit == ""
    assert verdict(rule, Known({}), {"m": {"share": 0.4}}).verdict == "refuted"
    assert verdict(rule, Known({}), {}).verdict == "inconclusive"


def test_what_is_not_decided_says_why():
    found = verdict({"use": "undecided", "reason": "no data"}, Known({}))
    assert (found.verdict, found.reason) == ("inconclusive", "no data")


def test_rules_are_said_in_words():
    rule = Hypothesis(
        name="H",
        statement="s",
        rule={"use": "all", "difference": [difference(task="xnli", of="pairs", at_least=1, direction="lower")]},
    ).rule
    assert in_words(rule) == "a − z, the mean of language pairs of xnli is below 0 by at least 1 points"


@pytest.mark.parametrize("use", ["all", "anywhere"])
def test_a_task_that_was_not_learned_decides_nothing(use):
    rule = {"use": use, "difference": [difference()]}
    effects = effect(5, 9, p=0.001)
    found = verdict(rule, Known({"a": effects}, languages={"a": {"de": effects}}, failed="2 of 3 runs are at chance"))
    assert (found.verdict, found.reason) == ("inconclusive", "Not decided: 2 of 3 runs are at chance.")


def test_what_was_not_learned_does_not_stand_in_the_way_of_what_was():
    rule = {"use": "some", "difference": [difference("a"), difference("b")]}
    found = verdict(rule, Known({"a": effect(-9, -5), "b": effect(1, 2)}, failed="at chance"))
    assert (found.verdict, found.effect) == ("confirmed", 1.5)
