"""Pages and tables of run directories and studies, without torch and without scoring anything again.

Runs that differ only in seed are one *system* (`crosslift.runs.systems`); the first system is the baseline.

    page = crosslift.report.html([Path("runs/unaligned-0"), Path("runs/aligned-0")])
    crosslift.report.write(Path("runs"))          # writes runs/report.html

A directory that holds `study.json` is a study; its page reads like a short paper.

    page = crosslift.report.study_html(Path("runs/studies/claims-lab"))
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crosslift.errors import InputError, StorageError
from crosslift.report.runs.differences import differences
from crosslift.report.runs.view import Report, with_baseline
from crosslift.runs.systems import Systems, read_systems
from crosslift.runs.write import write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.table import Table

    from crosslift.report.study.view import Study
    from crosslift.studies.result import StudyResult

__all__ = ["find", "html", "is_study", "markdown", "study_html", "study_markdown", "terminal", "write"]


def find(directory: Path, *, baseline: str | None = None) -> list[Path]:
    """Return the run directories in a folder, the baseline's first.

    Args:
        directory: a run directory, or a folder with run directories anywhere below it.
        baseline: name of the recipe that others are measured against; by default the one with the fewest stages, and
            among equals the first by path.

    Raises:
        InputError: there is no run, one of them is damaged, or no run has the recipe `baseline`.
    """
    found = with_baseline(read_systems([directory]), baseline)
    return [each for run in found.runs for each in run.directories]


def html(directories: Sequence[Path]) -> str:
    """Return one self-contained HTML page about runs; it loads nothing from anywhere.

    Args:
        directories: run directories; the recipe of the first is the baseline.

    Raises:
        InputError: a directory holds no valid run, or `crosslift[report]` is not installed.
    """
    return _installed(lambda: _html_of_runs(_with_differences(directories)))


def markdown(directories: Sequence[Path]) -> str:
    """Return the page's summary and tables as Markdown.

    Raises:
        InputError: a directory holds no valid run.
    """
    from crosslift.report.runs.markdown import render

    return render(_with_differences(directories))


def terminal(directories: Sequence[Path]) -> list[Table]:
    """Return one table of systems x languages for every task and metric, to print on a rich console.

    Raises:
        InputError: a directory holds no valid run.
    """
    from crosslift.report.runs.terminal import tables

    return tables(Report.of(_read(directories)))


def is_study(path: Path) -> bool:
    """Return whether a directory holds the result of a study, or a file is one."""
    return path.name == "study.json" if path.is_file() else (path / "study.json").is_file()


def study_html(study: StudyResult | Path) -> str:
    """Return one self-contained HTML page about a study; it loads nothing from anywhere.

    Args:
        study: its result, or the directory that holds `study.json`.

    Raises:
        InputError: there is no valid result, or `crosslift[report]` is not installed.
    """
    return _installed(lambda: _html_of_study(_arranged(study)))


def study_markdown(study: StudyResult | Path) -> str:
    """Return a study's text and tables as Markdown.

    Args:
        study: as for `study_html`.

    Raises:
        InputError: there is no valid result.
    """
    from crosslift.report.study.markdown import render

    return render(_arranged(study))


def write(directory: Path, output: Path | None = None, *, baseline: str | None = None) -> Path:
    """Write the page about a study, or about every run in `directory`, and return its path.

    Args:
        directory: a study's directory, a run directory, or a folder with run directories anywhere below it.
        output: the file to write; `directory/report.html` by default.
        baseline: as for `find`; a study names its own.

    Raises:
        InputError: as for `find` and `study_html`.
        StorageError: the page cannot be written; an older page then stays as it was.
    """
    page = study_html(directory) if is_study(directory) else html(find(directory, baseline=baseline))
    path = output or (directory.parent if directory.is_file() else directory) / "report.html"
    try:
        write_text(path, page)
    except OSError as error:
        raise StorageError(f"{path}: the report cannot be written: {error.strerror or error}") from error
    return path


def _read(directories: Sequence[Path]) -> Systems:
    if not directories:
        raise InputError("a report needs at least one run directory; none was given")
    return read_systems(directories)


def _with_differences(directories: Sequence[Path]) -> Report:
    found = _read(directories)
    return Report.of(found, differences(found))


def _arranged(study: StudyResult | Path) -> Study:
    from crosslift.report.study.view import Study
    from crosslift.studies.result import read

    return Study.of(read(study) if isinstance(study, Path) else study)


def _html_of_study(study: Study) -> str:
    from crosslift.report.study.page import render

    return render(study)


def _html_of_runs(report: Report) -> str:
    from crosslift.report.runs.page import render

    return render(report)


def _installed(render: Callable[[], str]) -> str:
    try:
        return render()
    except ModuleNotFoundError as error:
        raise InputError(
            f"the HTML report needs the package '{error.name}', which is not installed; to install it: "
            "pip install 'crosslift[report]'"
        ) from error
