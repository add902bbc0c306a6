"""The page as a reader's browser, or an attacker's recipe name, would meet it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys

import pytest
from plotly.offline import get_plotlyjs

from crosslift import report
from crosslift.errors import InputError, StorageError
from tests.unit.report.page import HOSTILE, Page


def without_plotly(page: str) -> str:
    return page.replace(get_plotlyjs(), "")


def test_one_run(make_run):
    page = report.html([make_run()])
    found = Page(page)
    assert "Trained on Source only, unaligned reaches 88.0 percent" in found.text
    assert "Embedding map" not in found.text
    assert len(page.encode()) < 8_000_000


def test_two_systems_and_their_maps(two_systems, write_embeddings):
    write_embeddings(two_systems[0] / "embeddings.npz", mixed=0.2)
    write_embeddings(two_systems[4] / "embeddings.npz", mixed=1.0)
    found = Page(report.html(two_systems))
    assert "raised the mean of 3 target languages on nli from 43.0 to 55.0" in found.text
    assert found.text.count("Silhouette by meaning") == 2
    figures = found.figures
    assert len(figures) == 1 + 4 + 2  # gap, curves, maps
    points = [trace for trace in figures[-1]["data"] if trace["meta"]["shows"] == "points"]
    assert [trace["name"] for trace in points] == ["Source", "Near", "Far"]
    assert len(points[0]["meta"]["pca"]["x"]) == 12


def test_every_figure_has_a_description(two_systems):
    plots = [
        attributes for tag, attributes in Page(report.html(two_systems)).elements if attributes.get("class") == "plot"
    ]
    assert len(plots) == 5
    assert all(plot["role"] == "img" and len(plot["aria-label"] or "") > 30 for plot in plots)
    assert "unaligned: source 89.0, target mean 43.0, gap 46.0" in (plots[0]["aria-label"] or "")


def test_nothing_is_loaded_from_anywhere(two_systems, write_embeddings):
    write_embeddings(two_systems[0] / "embeddings.npz")
    page = report.html(two_systems)
    found = Page(page)
    for tag, attributes in found.elements:
        assert "src" not in attributes, tag
        assert tag not in ("link", "iframe", "object", "base")
        assert (attributes.get("href") or "#").startswith("#")
    own = without_plotly(page)
    assert len(own) < 1_000_000
    assert not re.search(r"https?://|@import|url\(", own)


def test_the_policy_allows_these_scripts_and_no_connection(make_run):
    found = Page(report.html([make_run()]))
    policy = next(a["content"] or "" for tag, a in found.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; form-action 'none'")
    scripts = [text for kind, text in found.scripts if kind is None]
    assert len(scripts) == 2
    for text in scripts:
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy


def test_plotly_cannot_offer_to_upload_a_figure(make_run):
    (script,) = [text for kind, text in Page(report.html([make_run()])).scripts if kind is None][1:]
    assert "showSendToCloud: false" in script
    assert 'plotlyServerURL: ""' in script


def test_hostile_names_are_text(make_run, write_embeddings):
    def change(results):
        results["languages"]["near"] = {"name": HOSTILE, "script": HOSTILE, "family": HOSTILE, "description": HOSTILE}
        results["warnings"] = [HOSTILE]
        for entry in [*results["scores"], *results["summary"]]:
            entry["task"] = HOSTILE
        for entry in results["probes"]:
            entry["metric"] = HOSTILE

    harmless = [make_run(folder="a"), make_run("second", folder="b")]
    hostile = [make_run(HOSTILE, folder="c", change=change), make_run(f"{HOSTILE} 2", folder="d", change=change)]
    for run in (harmless[0], hostile[0]):
        write_embeddings(run / "embeddings.npz", text=HOSTILE if run is hostile[0] else "text")
    (hostile[0] / "recipe.toml").write_text(f"name = '''{HOSTILE.replace(chr(39), '')}'''", encoding="utf-8")
    (hostile[0] / "environment.json").write_text(json.dumps({HOSTILE: HOSTILE, "command": [HOSTILE]}), encoding="utf-8")
    expected, found = Page(report.html(harmless)), Page(report.html(hostile))
    assert found.harmless()
    kinds = [[kind for kind, _ in page.scripts] for page in (expected, found)]
    assert kinds[0].count(None) == kinds[1].count(None) == 2
    assert found.text.count(HOSTILE) > 10
    assert "49" not in found.text.replace("49.", "")  # no name is taken for a template


def test_labels_of_figures_are_escaped_for_plotly(make_run, write_embeddings):
    run = make_run(HOSTILE, folder="run")
    write_embeddings(run / "embeddings.npz", text="<a href='javascript:alert(1)'>")
    page = report.html([run])
    data = [text for kind, text in Page(page).scripts if kind == "application/json"]
    assert all(not set("<>&") & set(text) for text in data)
    hovers = [text for figure in Page(page).figures for trace in figure["data"] for text in trace.get("hovertext", [])]
    assert any("&lt;a href=" in text for text in hovers)
    assert not any("<a" in text or "<script" in text for text in hovers)


def test_missing_numbers_are_dashes(make_run):
    def change(results):
        for entry in results["scores"]:
            entry["value"] = float("nan")
        for entry in results["summary"]:
            entry.update(source_value=None, target_mean=None, all_mean=None, target_min=None, transfer_gap=None)

    page = without_plotly(report.html([make_run(change=change)]))
    assert "–" in page
    assert not re.search(r">\s*nan", page, flags=re.IGNORECASE)
    assert "NaN" not in "".join(text for kind, text in Page(page).scripts if kind == "application/json")


def test_several_tasks_have_a_section_each(make_run, make_results):
    def change(results):
        other = make_results(task="topics")
        results["scores"] += other["scores"]
        results["summary"] += other["summary"]

    found = Page(report.html([make_run(change=change)]))
    assert [a["id"] for tag, a in found.elements if tag == "section"][:2] == ["results-0", "results-1"]


def test_write_puts_the_page_in_the_folder_and_the_baseline_first(two_systems, tmp_path):
    path = report.write(tmp_path)
    assert path == tmp_path / "report.html"
    assert "aligned against unaligned" in Page(path.read_text(encoding="utf-8")).text
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["report.html"]


def test_write_takes_an_output_and_a_baseline(two_systems, tmp_path):
    path = report.write(tmp_path, tmp_path / "page.html", baseline="aligned")
    assert "unaligned against aligned" in Page(path.read_text(encoding="utf-8")).text


def test_a_damaged_run_leaves_the_old_page_as_it_was(make_run, tmp_path):
    run = make_run()
    (tmp_path / "report.html").write_text("old", encoding="utf-8")
    (run / "results.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="incomplete JSON"):
        report.write(tmp_path)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "old"


def test_a_page_that_cannot_be_written_is_an_error(make_run, tmp_path):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    with pytest.raises(StorageError, match="the report cannot be written"):
        report.write(make_run(), tmp_path / "file" / "page.html")


def test_the_same_runs_give_the_same_page(two_systems):
    assert report.html(two_systems) == report.html(two_systems)


def test_the_report_imports_no_torch(make_run):
    code = (
        "import sys, pathlib, crosslift.report as r; r.html([pathlib.Path(sys.argv[1])]); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(make_run())], check=False).returncode == 0
