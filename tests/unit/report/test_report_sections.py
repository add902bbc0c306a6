"""A section of a page is one file."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from crosslift import report
from crosslift.report.runs import sections as of_runs
from crosslift.report.sections import markdown, modules, shown
from crosslift.report.study import sections as of_studies

PACKAGES = [of_runs, of_studies]
both = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__.split(".")[-2])
SEEDS = '''
"""Seeds of each system."""

from crosslift.io.markdown import bullets
from crosslift.report.sections import Section

ORDER = 55
TEMPLATE = """<h2>Seeds</h2>
{{ bullets(lines) }}
"""


def sections(report):
    """Yield the section."""
    yield Section("seeds", "Seeds", {"lines": _lines(report)})


def markdown(report):
    """Yield the list."""
    yield from bullets("Seeds", _lines(report))


def _lines(report):
    return [f"{system.name}: {', '.join(map(str, system.seeds))}" for system in report.systems]
'''


@both
def test_every_file_says_what_a_section_shows_and_how(package: ModuleType):
    found = modules(package)
    assert len(found) >= 7
    orders = [module.ORDER for module in found]
    assert len(set(orders)) == len(orders)
    for module in found:
        assert "<h2>" in module.TEMPLATE
        assert callable(module.sections)


@pytest.fixture
def with_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put one more file among the sections of runs."""
    folder = tmp_path / "sections"
    folder.mkdir()
    (folder / "seeds.py").write_text(SEEDS)
    own = Path(str(of_runs.__file__)).parent
    for path in own.glob("*.py"):
        (folder / path.name).symlink_to(path)
    monkeypatch.setattr(of_runs, "__file__", str(folder / "__init__.py"))
    monkeypatch.setattr(of_runs, "__path__", [str(folder)])
    yield
    sys.modules.pop(f"{of_runs.__name__}.seeds", None)
    importlib.invalidate_caches()


@pytest.mark.usefixtures("with_seeds")
def test_one_more_file_is_one_more_section(two_systems):
    page, text = report.html(two_systems), report.markdown(two_systems)
    assert '<li><a href="#seeds">Seeds</a></li>' in page
    assert page.index('<section id="cost">') < page.index('<section id="seeds">') < page.index('id="limitations"')
    assert "- aligned: 0" in text


def test_markdown_needs_no_plotly(two_systems, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    assert "## nli, accuracy" in report.markdown(two_systems)


def test_anchors_are_unique(two_systems):
    from crosslift.report.runs.view import Report
    from crosslift.runs.systems import read_systems

    view = Report.of(read_systems(two_systems))
    anchors = [section.anchor for section, _ in shown(of_runs, view)]
    assert len(set(anchors)) == len(anchors)
    assert anchors[-1] == "reproduce"
    assert len(list(markdown(of_runs, view))) > 3
