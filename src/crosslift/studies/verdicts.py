"""Verdicts on hypotheses, by the rules that were stated before."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from crosslift.stats.adjustment import holm
from crosslift.studies.evidence import Effect, Evidence, NoEvidenceError
from crosslift.studies.result import Finding, Judged, Verdict
from crosslift.studies.rules import All, Anywhere, Difference, Measured, Recorded, Rule, Some, Undecided, Within
from crosslift.studies.tables import Hypothesis
from crosslift.tables import format as fmt

LEVEL = 0.05
NAMES = {
    "targets": "the target mean",
    "pairs": "the mean of language pairs",
    "agreement": "agreement between languages",
}


@dataclass(frozen=True)
class Ruling:
    """A verdict, the findings behind it (the deciding one first), and the reason if it is undecided."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    reason: str = ""


def judge(hypothesis: Hypothesis, evidence: Evidence, measured: Mapping[str, Mapping[str, float]]) -> Judged:
    """Return a hypothesis with its verdict.

    Args:
        hypothesis: the claim and its rule.
        evidence: the runs.
        measured: the numbers of each measurement.
    """
    rule = hypothesis.rule
    ruling = _ruling(rule, evidence, measured)
    first = ruling.findings[0] if ruling.findings else Finding(text="")
    return Judged(
        name=hypothesis.name,
        statement=hypothesis.statement,
        source=hypothesis.source,
        published=hypothesis.published,
        rule=in_words(rule),
        verdict=ruling.verdict,
        effect=first.effect,
        unit=first.unit,
        low=first.low,
        high=first.high,
        seeds=first.seeds,
        findings=ruling.findings,
        reason=ruling.reason,
        test=rule.test if isinstance(rule, Recorded) else "",
    )


def _ruling(rule: Rule, evidence: Evidence, measured: Mapping[str, Mapping[str, float]]) -> Ruling:
    match rule:
        case Recorded():
            return Ruling("recorded")
        case Undecided():
            return Ruling("inconclusive", reason=rule.reason)
        case Measured():
            return _measured(rule, measured)
    try:
        return _anywhere(rule, evidence) if isinstance(rule, Anywhere) else _differences(rule, evidence)
    except NoEvidenceError as error:
        return Ruling("inconclusive", reason=f"Not decided: {error}.")


def _measured(rule: Measured, measured: Mapping[str, Mapping[str, float]]) -> Ruling:
    numbers = measured.get(rule.measurement, {})
    if rule.value not in numbers:
        return Ruling("inconclusive", reason=f"Not decided: '{rule.value}' of {rule.measurement} was not measured.")
    value = numbers[rule.value]
    verdict: Verdict = "confirmed" if rule.at_least <= value <= rule.at_most else "refuted"
    others = [f"{name} {fmt.number(number)}" for name, number in numbers.items() if name != rule.value]
    text = f"{rule.value} is {fmt.number(value)}" + (f" (also: {', '.join(others)})" if others else "")
    return Ruling(verdict, (Finding(text=text, effect=value, unit="", verdict=verdict),))


def _differences(rule: All | Some | Within, evidence: Evidence) -> Ruling:
    verdict_of = _within(rule) if isinstance(rule, Within) else _on_its_side
    findings = [_finding(one, evidence.of(one), evidence, verdict_of) for one in rule.difference]
    verdicts = [one.verdict for one in findings]
    needed = rule.at_least if isinstance(rule, Some) else len(verdicts)
    verdict: Verdict = "inconclusive"
    if verdicts.count("confirmed") >= needed:
        verdict = "confirmed"
    elif len(verdicts) - verdicts.count("refuted") < needed:
        verdict = "refuted"
    deciding = [one for one in findings if one.verdict == verdict] or findings
    first = min(deciding, key=_size) if verdict != "refuted" else max(deciding, key=_size)
    reason = _unlearned(rule, evidence) if verdict == "inconclusive" else ""
    return Ruling(verdict, (first, *(one for one in findings if one is not first)), reason)


def _unlearned(rule: All | Some | Within | Anywhere, evidence: Evidence) -> str:
    """Return why a result decides nothing: a task was not learned even in the source language."""
    reasons = dict.fromkeys(text for one in rule.difference if (text := evidence.unlearned(one)))
    return f"Not decided: {'; '.join(reasons)}." if reasons else ""


def _size(finding: Finding) -> float:
    """Return the size of an effect: of several that decide alike, the least convincing comes first."""
    return abs(finding.effect) if math.isfinite(finding.effect) else math.inf


def _on_its_side(wanted: Difference, found: Effect) -> Verdict:
    effect, *ends = (wanted.sign * value for value in (found.effect, found.low, found.high))
    low, high = min(ends), max(ends)
    if low > 0 and effect >= wanted.at_least:
        return "confirmed"
    return "refuted" if high < wanted.at_least else "inconclusive"


def _within(rule: Within) -> Callable[[Difference, Effect], Verdict]:
    def verdict(_: Difference, found: Effect) -> Verdict:
        if rule.low <= found.low and found.high <= rule.high:
            return "confirmed"
        return "refuted" if found.high < rule.low or found.low > rule.high else "inconclusive"

    return verdict


def _finding(
    wanted: Difference, found: Effect, evidence: Evidence, verdict_of: Callable[[Difference, Effect], Verdict]
) -> Finding:
    one_seed = found.seeds < 2  # says nothing about recipes: another seed may differ
    unlearned = evidence.unlearned(wanted)
    return Finding(
        text=_name(wanted, evidence.tasks) + (f" (decides nothing: {unlearned})" if unlearned else ""),
        unit=wanted.unit,
        **{name: getattr(found, name) for name in ("effect", "low", "high", "p", "seeds", "languages", "agree")},
        verdict="inconclusive" if one_seed or unlearned else verdict_of(wanted, found),
    )


def _anywhere(rule: Anywhere, evidence: Evidence) -> Ruling:
    """Confirm by the adjusted p of one language; refute if every interval is on the other side."""
    rows = [(one, code, found, p) for one in rule.difference for code, found, p in evidence.by_language(one)]
    adjusted = holm([p for *_, p in rows])
    findings = [
        Finding(
            text=f"{_name(one, evidence.tasks)}, in {code}",
            effect=found.effect, unit=one.unit, low=found.low, high=found.high, p=p, seeds=found.seeds,
            verdict=_in_one_language(one, found, p),
        )
        for (one, code, found, _), p in zip(rows, adjusted, strict=True)
    ]  # fmt: skip
    verdicts = {one.verdict for one in findings}
    reason = _unlearned(rule, evidence)
    if reason:
        return Ruling(
            "inconclusive", tuple(one.model_copy(update={"verdict": "inconclusive"}) for one in findings), reason
        )
    verdict: Verdict = (
        "confirmed" if "confirmed" in verdicts else "refuted" if verdicts == {"refuted"} else "inconclusive"
    )
    signs = {id(finding): one.sign for finding, (one, *_) in zip(findings, rows, strict=True)}
    return Ruling(verdict, tuple(sorted(findings, key=lambda one: -signs[id(one)] * one.effect)))


def _in_one_language(wanted: Difference, found: Effect, p: float) -> Verdict:
    if found.seeds < 2:
        return "inconclusive"
    sided = _on_its_side(wanted, found)
    return "inconclusive" if sided == "confirmed" and not p < LEVEL else sided


def in_words(rule: Rule) -> str:
    """Return a rule in words."""
    match rule:
        case Recorded():
            return f"a statement of fact or setting; {rule.test} shows that crosslift does as stated"
        case Undecided():
            return "not decided here"
        case Measured():
            ends = [f"at least {fmt.number(rule.at_least)}"] if math.isfinite(rule.at_least) else []
            ends += [f"at most {fmt.number(rule.at_most)}"] if math.isfinite(rule.at_most) else []
            return f"{rule.value} ({rule.measurement}) is {' and '.join(ends)}"
        case Within():
            inside = f"the 95% interval is between {fmt.number(rule.low)} and {fmt.number(rule.high)} points"
            return f"{inside}: {'; '.join(_name(one) for one in rule.difference)}"
        case Anywhere():
            return f"in at least one language, Holm's adjusted p is below {LEVEL}: {_claims(rule.difference)}"
        case Some():
            return f"at least {rule.at_least} of these: {_claims(rule.difference)}"
    return _claims(rule.difference)


def _claims(differences: Sequence[Difference]) -> str:
    return "; ".join(_claim(one) for one in differences)


def _claim(wanted: Difference) -> str:
    by = f" by at least {fmt.number(wanted.at_least)} {wanted.unit}" if wanted.at_least else ""
    return f"{_name(wanted)} is {'above' if wanted.sign > 0 else 'below'} 0{by}"


def _name(wanted: Difference, tasks: Sequence[str] = ()) -> str:
    """Name a difference."""
    task = wanted.task or (tasks[0] if tasks else "")
    other = f" ({wanted.over_task})" if wanted.over_task not in (None, task) else ""
    of = NAMES.get(wanted.of, wanted.of)
    after = f" after {wanted.stage}" if wanted.of not in NAMES and wanted.stage != "finetune" else ""
    return f"{wanted.system} − {wanted.over}{other}, {of}{after}{f' of {task}' if task else ''}"
