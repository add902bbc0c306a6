"""Pages and tables made from run directories, without torch and without scoring anything again.

Runs that share the recipe name and differ in seed are one *system*; the first system is the baseline.

    page = crosslift.report.html([Path("runs/unaligned-0"), Path("runs/aligned-0")])
    crosslift.report.write(Path("runs"))          # writes runs/report.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift import runs
from crosslift.errors import InputError, StorageError
from crosslift.report._systems import Report, with_baseline
from crosslift.run_directory import write_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.table import Table

__all__ = ["find", "html", "markdown", "terminal", "write"]


def find(directory: Path, *, baseline: str | None = None) -> list[Path]:
    """Return the run directories in a folder, the baseline's first.

    Args:
        directory: a run directory, or a folder with run directories anywhere below it.
        baseline: recipe name of the system that others are measured against; by default the one with the
            fewest stages, and among equals the first by path.

    Raises:
        InputError: there is no run, one of them is damaged, or no run has the recipe `baseline`.
    """
    return [run.directory for run in with_baseline(runs.load_all(runs.find(directory)), baseline)]


def html(directories: Sequence[Path]) -> str:
    """Return one self-contained HTML page about runs; it loads nothing from anywhere.

    Args:
        directories: run directories; the recipe of the first is the baseline.

    Raises:
        InputError: a directory holds no valid run, or ``crosslift[report]`` is not installed.
    """
    return _rendered(Report.of(runs.load_all(directories)))


def markdown(directories: Sequence[Path]) -> str:
    """Return the page's summary and tables as Markdown.

    Raises:
        InputError: a directory holds no valid run.
    """
    from crosslift.report._markdown import render

    return render(Report.of(runs.load_all(directories)))


def terminal(directories: Sequence[Path]) -> list[Table]:
    """Return one table of systems x languages for every task and metric, to print on a rich console.

    Raises:
        InputError: a directory holds no valid run.
    """
    from crosslift.report._terminal import tables

    return tables(Report.of(runs.load_all(directories)))


def write(directory: Path, output: Path | None = None, *, baseline: str | None = None) -> Path:
    """Write the page about every run in `directory` and return where it is.

    Args:
        directory: a run directory, or a folder with run directories anywhere below it.
        output: the file to write; ``directory/report.html`` by default.
        baseline: as for `find`.

    Raises:
        InputError: as for `find`.
        StorageError: the page cannot be written; an older page then stays as it was.
    """
    page = html(find(directory, baseline=baseline))
    path = output or directory / "report.html"
    try:
        write_text(path, page)
    except OSError as error:
        raise StorageError(f"{path}: the report cannot be written: {error.strerror or error}") from error
    return path


def _rendered(report: Report) -> str:
    try:
        from crosslift.report._html import render
    except ModuleNotFoundError as error:
        raise InputError(
            f"the HTML report needs the package '{error.name}', which is not installed; "
            f"to install it: pip install 'crosslift[report]'"
        ) from error
    return render(report)
