"""Pages keep up with the code: generated tables, links, names, task types, and the files of a run directory."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import pytest

from crosslift.api import TaskType, registry
from crosslift.cli import app
from crosslift.data.sources.user_task import USER_TASKS
from crosslift.runs.write import JsonLines
from tests.docs.conftest import PAGES, ROOT, load

_LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
_MODULE = re.compile(r"\bcrosslift(?:\.[A-Za-z_]\w*)+")
_FILE = re.compile(r"`((?:recipes|benchmarks|experiments|examples|tests)/[\w./-]+\.\w+)`")
REPOSITORY_PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
"""Pages whose links mkdocs does not check."""


@pytest.mark.parametrize("page", REPOSITORY_PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_mark_of_a_page_is_filled_in(hooks):
    marked = {page: page.read_text(encoding="utf-8") for page in PAGES}
    filled = {page: hooks.on_page_markdown(text) for page, text in marked.items() if "<!-- generated" in text}
    assert filled
    assert all("<!-- generated" not in text for text in filled.values())


def test_every_generator_is_used(hooks):
    used = {name for page in PAGES for name in re.findall(r"<!-- generated: (\w+) -->", page.read_text("utf-8"))}
    assert used == set(hooks.GENERATORS)


def test_the_recipe_reference_has_every_key(hooks):
    page = hooks.recipe_tables()
    for model in hooks.TABLES.values():
        assert all(f"| `{key}` |" in page for key in model.model_fields)


def test_the_tables_of_the_recipe_reference_are_keys_of_their_tables(hooks):
    tables = {title.strip("[]"): model for title, model in hooks.TABLES.items()}
    for path in list(tables)[1:]:
        table, _, key = path.removesuffix(".SPLIT").rpartition(".")
        assert key in (tables[table] if table else hooks.TABLES["The recipe itself"]).model_fields, path


def test_the_command_reference_has_every_command(hooks):
    page = hooks.command_tables()
    names = [command.name or command.callback.__name__ for command in app.registered_commands]
    assert all(f"## {name}\n" in page for name in names)
    assert "| `--seeds` |" in page


def test_the_registry_reference_has_every_name(hooks):
    page = hooks.method_sections() + hooks.task_sections() + hooks.listing_table("metrics")
    names = [name for one in registry.FOLDERS for name in registry.entries(one)]
    assert [name for name in names if f"### {name}\n" not in page and f"| `{name}` |" not in page] == []


def test_the_command_reference_has_the_choices_of_an_option(hooks):
    page = hooks.command_tables()
    assert "| `--split` | `dev`, `test` | Split to score. | `test` |" in page
    assert "| `--resume` |  | Continue an unfinished run in OUTPUT. |  |" in page
    assert "| `--seed` | `N` | Random seed of dare. | `0` |" in page


def test_a_name_of_two_registries_has_the_settings_of_both(hooks):
    sections = [text for text in hooks.method_sections().split("### ") if text.startswith("code_switch\n")]
    assert [text.splitlines()[2] for text in sections] == ["For `[pretrain]` and `[align]`.", "For `[finetune]`."]
    assert "| `mask_probability` |" in sections[0]
    assert "| `mask_probability` |" not in sections[1]


def test_a_bar_in_a_cell_is_escaped(hooks):
    assert hooks.table(("a",), [("x | y",)]).endswith("| x \\| y |")


def test_doctests_are_shown_as_code():
    fenced = load("doctests").fenced
    assert fenced("Words.\n\n>>> 1 + 1\n2\n\nMore.") == "Words.\n\n```pycon\n>>> 1 + 1\n2\n```\n\nMore."
    assert fenced("No example.") == "No example."


def keys(value: object) -> Iterable[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_the_run_directory_page_names_what_is_there(tiny_run: Path):
    page = (ROOT / "docs" / "reference" / "run-directory.md").read_text(encoding="utf-8")
    results = json.loads((tiny_run / "results.json").read_text(encoding="utf-8"))
    log = list(JsonLines(tiny_run / "log.jsonl"))
    record = next(iter(JsonLines(tiny_run / "predictions" / "xnli" / "qab.jsonl")))
    loss_names = {name for line in log for name in line.get("terms", {})}
    said = {*keys(results), *keys(log), *keys(record)} - {"qaa", "qab", "accuracy"} - loss_names
    assert [key for key in sorted(said) if f"`{key}`" not in page] == []
    names = {path.name.removesuffix(".last").removesuffix(".average") for path in tiny_run.iterdir()}
    assert [name for name in sorted(names) if f"`{name}" not in page] == []


def test_the_run_directory_page_has_the_records_of_every_task_type():
    page = (ROOT / "docs" / "reference" / "run-directory.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^\| Task type \| Keys \|\n(.*?)\n\n", page, re.MULTILINE | re.DOTALL)
    first = re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE)
    assert {name for cell in first for name in re.findall(r"`(\w+)`", cell)} == set(get_args(TaskType))


def test_the_data_page_has_the_columns_of_every_user_task():
    page = (ROOT / "docs" / "howto" / "own-data.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (`.*) \|$", page, re.MULTILINE))
    assert {name: task.columns for name, task in USER_TASKS.items()} == {
        name: tuple(re.findall(r"`(\w+)`", rows[name])) for name in USER_TASKS
    }


def test_paths_of_modules_and_files_exist():
    pages = {page: page.read_text(encoding="utf-8") for page in PAGES}
    modules = {(page.name, path) for page, text in pages.items() for path in _MODULE.findall(text)}
    assert [(page, path) for page, path in sorted(modules) if not _resolves(path)] == []
    files = {(page.name, path) for page, text in pages.items() for path in _FILE.findall(text)}
    assert [(page, path) for page, path in sorted(files) if not (ROOT / path).exists()] == []


def _resolves(path: str) -> bool:
    """Return whether a dotted path is a module of crosslift, or a name in one."""
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        try:
            value: object = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        return _has(value, parts[count:])
    return False


def _has(value: object, names: list[str]) -> bool:
    for name in names:
        if not hasattr(value, name):
            return False
        value = getattr(value, name)
    return True


def test_a_wrong_path_is_found():
    assert _resolves("crosslift.api.Task")
    assert not _resolves("crosslift.api.Tusk")
    assert not _resolves("crosslift.tusks")
