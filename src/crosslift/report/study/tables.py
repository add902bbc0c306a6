"""The tables of a study's page."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from crosslift.report.runs.differences import TARGETS
from crosslift.report.runs.tables import best, frozen, hot, language_column, span
from crosslift.report.runs.view import Statistic
from crosslift.report.study.sentences import published, why
from crosslift.report.study.view import PAIRS
from crosslift.tables import format as fmt
from crosslift.tables.table import Cell, Column, Mark, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosslift.report.runs.differences import Compared
    from crosslift.report.runs.view import View
    from crosslift.report.study.view import Study
    from crosslift.studies.result import ArmResult, Failure, Finding, Grid, Judged


def ledger(study: Study) -> Table:
    """Return one row a hypothesis: what is claimed, the verdict, and what it rests on."""
    told = any(one.published for one in study.result.hypotheses)
    columns = (
        Column("Claim", "text"),
        Column("Statement", "prose"),
        Column("Verdict", "verdict"),
        Column("Effect", "effect", "In percentage points unless it says otherwise; 95% interval"),
        Column("Seeds", "count"),
        *((Column("Published", "prose", "Reported by the source, of other models and data"),) if told else ()),
        Column("Why", "prose"),
    )
    rows = [
        (
            Cell(one.name),
            Cell(one.statement, note=one.source),
            Cell(one.verdict),
            effect_of(one),
            Cell(float(one.seeds) if one.seeds else math.nan),
            *((Cell(published(one) or fmt.MISSING),) if told else ()),
            Cell(why(one)),
        )
        for one in study.result.hypotheses
    ]
    caption = "Effect: difference with its 95% interval. Rules were written down before the results were there."
    return Table("Claims and verdicts", caption, columns, frozen(rows))


def effect_of(one: Judged | Finding) -> Cell:
    """Return the effect of a hypothesis or a finding; of what was measured and not compared, the number as it is."""
    if not one.unit:
        return Cell(fmt.number(one.effect))
    notes = [*(["one seed"] if one.seeds == 1 else []), *([one.unit] if one.unit != "points" else [])]
    return Cell(one.effect, interval=(one.low, one.high), note=", ".join(notes))


def findings(one: Judged) -> Table:
    """Return what was compared for a hypothesis, the difference that decided first."""
    columns = (
        Column("What", "text"),
        Column("Effect", "effect"),
        Column("p", "p"),
        Column("Seeds", "count"),
        Column("Languages that agree", "text"),
        Column("Verdict", "verdict"),
    )
    rows = [
        (
            Cell(found.text),
            effect_of(found),
            Cell(found.p),
            Cell(float(found.seeds) if found.seeds else math.nan),
            Cell(f"{found.agree} of {found.languages}" if found.languages else fmt.MISSING),
            Cell(found.verdict),
        )
        for found in one.findings
    ]
    return Table(f"Findings behind {one.name}", "", columns, frozen(rows))


def arms(study: Study) -> Table:
    """Return what was compared, controls marked."""
    columns = (Column("Arm", "text"), Column("What it is", "prose"), Column("Tasks", "prose"), Column("Runs", "count"))
    rows = [
        (arm_cell(study, arm), Cell(arm.about), Cell(_tasks(study, arm)), Cell(_runs(study, arm))) for arm in study.arms
    ]
    caption = "A control is there to rule out another explanation. Every arm is compared with the baseline."
    return Table("Arms", caption, columns, frozen(rows))


def _tasks(study: Study, arm: ArmResult) -> str:
    return ", ".join(dict.fromkeys(score.task for score in study.result.scores if score.arm == arm.name)) or "not run"


def _runs(study: Study, arm: ArmResult) -> float:
    own = [score for score in study.result.scores if score.arm == arm.name]
    # A run may be scored on other benchmarks too, as "task: benchmark".
    return float(len({(score.task.partition(": ")[0], seed) for score in own for seed in score.seeds}))


def results(study: Study, view: View) -> Table:
    """Return one row an arm: source, targets, the difference to the baseline, and the transfer gap."""
    columns = (
        Column("Arm", "text"),
        Column(
            study.language(view.source) if view.source else "Source", note="The language with labelled training data"
        ),
        Column("Target mean", note="Mean of the target languages, source excluded"),
        Column("Difference", "difference", "To the baseline in target mean, in points, with its 95% interval"),
        Column("p, adjusted", "p", "Holm, over the comparisons named under Method"),
        Column("w/t/l", "text", "Languages better, not told apart, worse"),
        Column("Transfer gap", note="Source score minus target mean"),
    )
    rows = [[arm_cell(study, arm), *_summary(study, arm, view)] for arm in study.arms_of(view)]
    metric = fmt.words(view.metric).capitalize()
    caption = (
        f"{metric} in percent; after ± the standard deviation over seeds. The target mean is over "
        f"{fmt.plural(len(view.targets), 'language')}, source excluded. Checkpoint rule: {view.selection}."
    )
    return Table("Results", caption, columns, frozen(best(rows, column=2)))


def _summary(study: Study, arm: ArmResult, view: View) -> list[Cell]:
    source, mean, gap = (study.score(arm.name, view, "summary", over) for over in ("source", TARGETS, "transfer gap"))
    row = study.against(arm.name, view, TARGETS)
    return [
        _spread(source),
        replace(_spread(mean), note=_lacking(study, mean)),
        Cell("baseline") if arm.name == study.result.baseline else _difference(row),
        Cell(row.p_adjusted if row else math.nan),
        Cell(f"{row.wins}/{row.ties}/{row.losses}" if row else fmt.MISSING),
        _spread(gap),
    ]


def pairs(study: Study, view: View) -> Table | None:
    """Return what is known of two languages at once, a row an arm, or None if nothing is."""
    columns = (
        Column("Arm", "text"),
        Column("All pairs", note="Mean of all ordered pairs of languages, in percent"),
        Column("Two languages", note="Mean of the pairs of two different languages"),
        Column(
            "Difference", "difference", "To the baseline in the mean of all pairs, in points, with its 95% interval"
        ),
        Column("Agreement", note="Of predictions for translations of one example, in percent"),
        Column("Fleiss\u2019 kappa", "ratio", "Of all languages; 1: always one answer, 0: as by chance"),
    )
    rows = [[arm_cell(study, arm), *_between(study, arm, view)] for arm in study.arms_of(view)]
    if not any(_there(cell) for row in rows for cell in (row[1], row[2], row[4])):
        return None
    caption = "The generalized setting: the two texts of an example are in two languages. Means over seeds."
    return Table("Two languages at once", caption, columns, frozen(rows))


def _between(study: Study, arm: ArmResult, view: View) -> list[Cell]:
    kinds = ("pairs", "off-diagonal", "agreement", "fleiss_kappa")
    every, apart, agreed, kappa = (study.any_of(arm.name, view, kind) for kind in kinds)
    row = study.against(arm.name, view, PAIRS, generalized=True)
    is_baseline = arm.name == study.result.baseline
    difference = Cell("baseline") if is_baseline else _difference(row)
    return [_spread(every), _spread(apart), difference, _spread(agreed), Cell(kappa.mean)]


def _spread(statistic: Statistic) -> Cell:
    return Cell(statistic.mean, statistic.spread)


def _lacking(study: Study, mean: Statistic) -> str:
    expected = len(study.result.seeds)
    return f"{mean.seeds} of {expected} seeds" if 0 < mean.seeds < expected else ""


def _difference(row: Compared | None) -> Cell:
    return Cell(row.effect, interval=row.interval) if row else Cell(math.nan)


def _there(cell: Cell) -> bool:
    return math.isfinite(cell.value) if isinstance(cell.value, float) else cell.value != fmt.MISSING


def heat_map(study: Study, view: View) -> Table:
    """Return arms x languages."""
    own = study.arms_of(view)
    grid = [[study.score(arm.name, view, "language", code) for code in view.languages] for arm in own]
    low, high = span(statistic.mean for row in grid for statistic in row)
    columns = (Column("Arm", "text"), *(language_column(study, view, code) for code in view.languages))
    rows = [
        [arm_cell(study, arm), *(hot(statistic, low, high) for statistic in row)]
        for arm, row in zip(own, grid, strict=True)
    ]
    caption = f"Mean {fmt.words(view.metric)} over seeds, in percent; the colour scale is below."
    return Table("Every arm in every language", caption, columns, frozen(rows), (low, high))


def languages(study: Study, view: View) -> Table:
    """Return one row a language: the baseline's score, and the difference of each arm to it."""
    others = [arm for arm in study.arms_of(view) if arm.name != study.result.baseline]
    columns = [Column("Language", "text"), Column("Distance", "ratio", "From the source, 0 to 1"), Column("Baseline")]
    columns += [Column(arm.name, "difference", "Difference to the baseline, in points") for arm in others]
    rows = [_language_row(study, view, code, [arm.name for arm in others]) for code in view.languages]
    if not any(_there(row[1]) for row in rows):
        columns, rows = [columns[0], *columns[2:]], [[row[0], *row[2:]] for row in rows]
    caption = f"Differences to {study.result.baseline} in percentage points, each with its own 95% interval."
    return Table("Language by language", caption, tuple(columns), frozen(rows))


def _language_row(study: Study, view: View, code: str, names: Sequence[str]) -> list[Cell]:
    known = study.result.languages.get(code)
    facts = (code, known.script, known.family, known.description or known.resources) if known else ()
    mark: Mark = "source" if code == view.source else ""
    base = study.score(study.result.baseline, view, "language", code)
    return [
        Cell(study.language(code), mark=mark, note=" · ".join(fact for fact in facts if fact)),
        Cell(study.distance(code)),
        Cell(base.mean, base.spread),
        *(_difference(study.against(name, view, code)) for name in names),
    ]


def grids(study: Study, view: View) -> list[tuple[str, Table]]:
    """Return (arm, grid) of the generalized setting; one colour scale for all arms."""
    own = study.grids(view)
    low, high = span(value for grid in own for row in grid.cells for value in row)
    return [(grid.arm, _grid(study, view, grid, low, high)) for grid in own]


def _grid(study: Study, view: View, grid: Grid, low: float, high: float) -> Table:
    size = range(len(grid.languages))
    rows = [
        (
            Cell(code, note=study.language(code)),
            *(hot(Statistic.of([value]), low, high) for value in grid.cells[place]),
        )
        for place, code in enumerate(grid.languages)
    ]
    off = Statistic.of(grid.cells[one][other] for one in size for other in size if one != other)
    same = Statistic.of(grid.cells[one][one] for one in size)
    columns = (Column("First", "text"), *(language_column(study, view, code) for code in grid.languages))
    caption = (
        f"{fmt.words(grid.metric).capitalize()} in percent, mean over seeds; rows: language of the first text, "
        f"columns: of the second. Mean of the diagonal {fmt.score(same.mean)}, off it {fmt.score(off.mean)}."
    )
    return Table(f"Pairs of languages: {grid.arm}", caption, columns, frozen(rows), (low, high))


def probes(study: Study) -> list[Table]:
    """Return one table a task and probe: arms x stages."""
    found = [score for score in study.result.scores if score.kind == "probe"]
    return [_probe(study, task, metric) for task, metric in dict.fromkeys((s.task, s.metric) for s in found)]


def _probe(study: Study, task: str, metric: str) -> Table:
    own = [s for s in study.result.scores if (s.kind, s.task, s.metric) == ("probe", task, metric)]
    stages = list(dict.fromkeys(score.over for score in own))
    values = {(score.arm, score.over): Statistic.of(score.values) for score in own}
    rows = []
    for arm in study.arms:
        cells = [values.get((arm.name, stage), Statistic()) for stage in stages]
        if any(cell.seeds for cell in cells):
            rows.append([arm_cell(study, arm), *(Cell(cell.mean, cell.spread) for cell in cells)])
    name = fmt.words(metric).capitalize()
    caption = "Mean over the target languages; after ± the standard deviation over seeds."
    title = f"{name} ({task})" if len(study.result.tasks) > 1 else name
    return Table(title, caption, (Column("Arm", "text"), *(Column(f"After {s}") for s in stages)), frozen(rows))


def cost(study: Study, view: View | None) -> Table | None:
    """Return what a run of each arm costs beside what it gains, or None if no run says."""
    base = study.baseline.seconds if study.baseline else math.nan
    rows = [
        (
            arm_cell(study, arm),
            Cell(arm.seconds),
            Cell(arm.seconds / base if base else math.nan),
            Cell(math.nan if arm.steps is None else float(arm.steps)),
            Cell(math.nan if arm.tokens is None else float(arm.tokens)),
            _difference(study.against(arm.name, view, TARGETS) if view else None),
        )
        for arm in study.arms
        if math.isfinite(arm.seconds)
    ]
    columns = (
        Column("Arm", "text"),
        Column("Time of a run", "seconds"),
        Column("Times the baseline", "ratio"),
        Column("Steps", "count"),
        Column("Tokens", "count"),
        Column("Difference", "difference", "To the baseline in the first task's target mean, in points"),
    )
    caption = "Means over the runs that computed a stage; what all arms share, pre-training, is left out."
    return Table("A run of each arm", caption, columns, frozen(rows)) if rows else None


def stages(study: Study) -> Table | None:
    """Return what each stage of each arm cost, or None if no run says."""
    rows = [
        (
            arm_cell(study, arm),
            *(Cell(str(stage.get(name, ""))) for name in ("task", "stage")),
            *(Cell(_float(stage.get(name))) for name in ("seconds", "steps", "tokens")),
        )
        for arm in study.arms
        for stage in arm.stages
    ]
    columns = (
        *(Column(name, "text") for name in ("Arm", "Task", "Stage")),
        Column("Time", "seconds"),
        Column("Steps", "count"),
        Column("Tokens", "count"),
    )
    return Table("Stage by stage", "", columns, frozen(rows)) if rows else None


def _float(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan


def failures(study: Study) -> Table | None:
    """Return runs that are missing or say nothing, those with one text together; None where all is well."""
    seeds: dict[tuple[str, str, str, str], list[int]] = {}
    for one in sorted(study.result.failures, key=_gravity):
        seeds.setdefault((one.task, one.kind, one.text, one.arm), []).append(one.seed)
    arms: dict[tuple[str, str, str, str], list[str]] = {}
    for (task, kind, text, arm), own in seeds.items():
        arms.setdefault((task, kind, text, ", ".join(map(str, sorted(own)))), []).append(arm)
    rows = [
        (Cell(_named(study, own)), Cell(task), Cell(listed), Cell(kind), Cell(text))
        for (task, kind, text, listed), own in arms.items()
    ]
    columns = (
        Column("Arm", "prose"),
        *(Column(name, "text") for name in ("Task", "Seeds", "Kind")),
        Column("What", "prose"),
    )
    return Table("Failures, gaps and warnings", "", columns, frozen(rows)) if rows else None


def _named(study: Study, arms: Sequence[str]) -> str:
    return f"all {len(arms)} arms" if 1 < len(arms) == len(study.result.arms) else ", ".join(arms)


def _gravity(one: Failure) -> int:
    return ("failed", "missing", "warning").index(one.kind)


def arm_cell(study: Study, arm: ArmResult) -> Cell:
    """Return the name of an arm as the first cell of its row."""
    mark: Mark = "baseline" if arm.name == study.result.baseline else "control" if arm.control else ""
    return Cell(arm.name, mark=mark)
