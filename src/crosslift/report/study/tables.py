"""Tables of a study's scores: arms, results, languages, and pairs of languages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crosslift.report.runs.cells import frozen, heat_cell, language_column, scale_of, with_best
from crosslift.report.runs.differences import TARGETS
from crosslift.report.runs.view import Statistic
from crosslift.report.study.cells import arm_cell, difference_cell, is_present, spread_cell
from crosslift.report.study.view import PAIRS
from crosslift.tables import format as fmt
from crosslift.tables.table import Cell, Column, Mark, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosslift.report.runs.view import View
    from crosslift.report.study.view import Study
    from crosslift.studies.result import ArmResult, Grid


def arms(study: Study) -> Table:
    """Return one row per arm, controls marked."""
    columns = (
        Column("Arm", "text"),
        Column("Description", "prose"),
        Column("Tasks", "prose"),
        Column("Runs", "count"),
    )
    rows = [
        (arm_cell(study, arm), Cell(arm.about), Cell(_tasks(study, arm)), Cell(_runs(study, arm))) for arm in study.arms
    ]
    caption = "A control rules out another explanation. Every arm is compared with the baseline."
    return Table("Arms", caption, columns, frozen(rows))


def _tasks(study: Study, arm: ArmResult) -> str:
    return ", ".join(dict.fromkeys(score.task for score in study.result.scores if score.arm == arm.name)) or "not run"


def _runs(study: Study, arm: ArmResult) -> float:
    own = [score for score in study.result.scores if score.arm == arm.name]
    # A run may be scored on other benchmarks too, as "task: benchmark".
    return float(len({(score.task.partition(": ")[0], seed) for score in own for seed in score.seeds}))


def results(study: Study, view: View) -> Table:
    """Return one row per arm: source, targets, the difference from the baseline, and the transfer gap."""
    source = study.language(view.source) if view.source else "Source"
    columns = (
        Column("Arm", "text"),
        Column(source, note="The language with labelled training data"),
        Column("Target mean", note="Mean of the target languages, source excluded"),
        Column("Difference", "difference", "From the baseline in target mean, in points, with its 95% interval"),
        Column("p, adjusted", "p", "Holm, over the comparisons named under Method"),
        Column("w/t/l", "text", "Languages better, without a significant difference, worse"),
        Column("Transfer gap", note="Source score minus target mean"),
    )
    rows = [[arm_cell(study, arm), *_summary(study, arm, view)] for arm in study.arms_of(view)]
    metric = fmt.words(view.metric).capitalize()
    caption = (
        f"{metric} in percent; ± is the standard deviation over seeds. The target mean is over "
        f"{fmt.plural(len(view.targets), 'language')}, source excluded. Selection rule: {view.selection}."
    )
    return Table("Results", caption, columns, frozen(with_best(rows, column=2)))


def _summary(study: Study, arm: ArmResult, view: View) -> list[Cell]:
    source, mean, gap = (study.score(arm.name, view, "summary", over) for over in ("source", TARGETS, "transfer gap"))
    row = study.against(arm.name, view, TARGETS)
    return [
        spread_cell(source),
        replace(spread_cell(mean), note=_lacking(study, mean)),
        Cell("baseline") if arm.name == study.result.baseline else difference_cell(row),
        Cell(row.p_adjusted if row else float("nan")),
        Cell(f"{row.wins}/{row.ties}/{row.losses}" if row else fmt.MISSING),
        spread_cell(gap),
    ]


def _lacking(study: Study, mean: Statistic) -> str:
    expected = len(study.result.seeds)
    return f"{mean.seeds} of {expected} seeds" if 0 < mean.seeds < expected else ""


def heat_map(study: Study, view: View) -> Table:
    """Return arms x languages."""
    own = study.arms_of(view)
    grid = [[study.score(arm.name, view, "language", code) for code in view.languages] for arm in own]
    scale = scale_of(statistic.mean for row in grid for statistic in row)
    columns = (Column("Arm", "text"), *(language_column(study, view, code) for code in view.languages))
    rows = [
        [arm_cell(study, arm), *(heat_cell(statistic, *scale) for statistic in row)]
        for arm, row in zip(own, grid, strict=True)
    ]
    caption = f"Mean {fmt.words(view.metric)} over seeds, in percent; the colour scale is below."
    return Table("Every arm in every language", caption, columns, frozen(rows), scale)


def languages(study: Study, view: View) -> Table:
    """Return one row per language: the baseline's score, and each arm's difference from it."""
    others = [arm for arm in study.arms_of(view) if arm.name != study.result.baseline]
    columns = [Column("Language", "text"), Column("Distance", "ratio", "From the source, 0 to 1"), Column("Baseline")]
    columns += [Column(arm.name, "difference", "Difference from the baseline, in points") for arm in others]
    rows = [_language_row(study, view, code, [arm.name for arm in others]) for code in view.languages]
    if not any(is_present(row[1]) for row in rows):
        columns, rows = [columns[0], *columns[2:]], [[row[0], *row[2:]] for row in rows]
    caption = f"Differences from {study.result.baseline} in percentage points, each with its own 95% interval."
    return Table("Language by language", caption, tuple(columns), frozen(rows))


def _language_row(study: Study, view: View, code: str, names: Sequence[str]) -> list[Cell]:
    known = study.result.languages.get(code)
    facts = (code, known.script, known.family, known.description or known.resources) if known else ()
    mark: Mark = "source" if code == view.source else ""
    return [
        Cell(study.language(code), mark=mark, note=" · ".join(fact for fact in facts if fact)),
        Cell(study.distance(code)),
        spread_cell(study.score(study.result.baseline, view, "language", code)),
        *(difference_cell(study.against(name, view, code)) for name in names),
    ]


def pairs(study: Study, view: View) -> Table | None:
    """Return one row per arm with its scores on two languages at once; None if there are none."""
    columns = (
        Column("Arm", "text"),
        Column("All pairs", note="Mean of all ordered pairs of languages, in percent"),
        Column("Two languages", note="Mean of the pairs of two different languages"),
        Column(
            "Difference", "difference", "From the baseline in the mean of all pairs, in points, with its 95% interval"
        ),
        Column("Agreement", note="Of predictions for translations of one example, in percent"),
        Column("Fleiss\u2019 kappa", "ratio", "Over all languages; 1: always one answer, 0: as by chance"),
    )
    rows = [[arm_cell(study, arm), *_pair_cells(study, arm, view)] for arm in study.arms_of(view)]
    if not any(is_present(cell) for row in rows for cell in (row[1], row[2], row[4])):
        return None
    caption = "The generalized setting: the two texts of an example are in two languages. Means over seeds."
    return Table("Two languages at once", caption, columns, frozen(rows))


def _pair_cells(study: Study, arm: ArmResult, view: View) -> list[Cell]:
    kinds = ("pairs", "off-diagonal", "agreement", "fleiss_kappa")
    every, apart, agreed, kappa = (study.any_of(arm.name, view, kind) for kind in kinds)
    is_baseline = arm.name == study.result.baseline
    row = study.against(arm.name, view, PAIRS, generalized=True)
    difference = Cell("baseline") if is_baseline else difference_cell(row)
    return [spread_cell(every), spread_cell(apart), difference, spread_cell(agreed), Cell(kappa.mean)]


def grids(study: Study, view: View) -> list[tuple[str, Table]]:
    """Return (arm, grid) of the generalized setting, with one colour scale for all arms."""
    own = study.grids(view)
    scale = scale_of(value for grid in own for row in grid.cells for value in row)
    return [(grid.arm, _grid(study, view, grid, scale)) for grid in own]


def _grid(study: Study, view: View, grid: Grid, scale: tuple[float, float]) -> Table:
    size = range(len(grid.languages))
    rows = [
        (
            Cell(code, note=study.language(code)),
            *(heat_cell(Statistic.of([value]), *scale) for value in grid.cells[place]),
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
    return Table(f"Pairs of languages: {grid.arm}", caption, columns, frozen(rows), scale)
