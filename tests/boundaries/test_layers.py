"""Who may import whom.  Two chains, and imports go right only:

report -> comparison -> runs, metrics, tasks, stats -> languages        (works without torch)
pipeline -> align, finetune, evaluation -> train -> encoder, data, losses
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "crosslift"
FILES = sorted(SOURCE.rglob("*.py"))
ANYWHERE = {"_markdown", "_shelf", "_version", "errors", "progress"}
MAY_IMPORT = {
    "__main__": {"cli"},
    "_exit": set(),
    "cli": {
        *("_exit", "catalogue", "comparison", "demo", "encoder", "evaluation", "pipeline", "recipe", "report"),
        *("run_directory", "studies", "wordalign"),
    },
    "catalogue": {"encoder", "studies"},  # presets, and the ready studies
    "demo": {"pipeline", "recipe", "run_directory"},
    "embedding_layout": set(),
    "report": {
        *("comparison", "embedding_layout", "languages", "metrics", "run_directory", "runs", "stats", "studies"),
        "tasks",
    },
    "studies": {
        *(
            "_compat",
            "comparison",
            "data",
            "embedding_layout",
            "encoder",
            "lab",
            "languages",
            "losses",
            "pipeline",
            "recipe",
        ),
        *("run_directory", "runs", "stats", "tasks"),
    },
    "comparison": {"runs", "metrics", "stats"},  # tasks come from their shelf
    "stats": set(),
    "runs": set(),
    "run_directory": set(),
    "metrics": set(),
    "model_card": {"languages"},
    "wordalign": {"data", "encoder"},  # the tokenizers of checkpoints
    "languages": set(),
    "recipe": {"data", "wordalign"},  # the settings of sources, filters and the aligner
    "pipeline": {
        *("align", "data", "encoder", "evaluation", "finetune", "lab", "languages"),
        *("model_card", "recipe", "run_directory", "tasks", "train", "translation", "wordalign"),
    },
    "align": {"_compat", "data", "encoder", "losses", "train", "views"},
    "finetune": {"data", "encoder", "losses", "tasks", "train", "views"},
    "views": {"data", "encoder", "languages"},
    "evaluation": {
        *("data", "encoder", "metrics", "run_directory", "runs", "stats", "tasks", "train"),
        "finetune",  # smooths as it learns
    },
    "train": {"data", "encoder", "losses", "recipe", "tasks"},
    "encoder": {"_compat", "languages", "model_card", "tasks"},
    "translation": {"_compat", "encoder", "languages", "run_directory", "tasks"},
    "losses": set(),
    "_compat": set(),
    "data": {"lab", "languages", "tasks"},
    "tasks": {"data"},  # its readers of text
    "lab": {"tasks"},
}
"""The rooms of the house, and the rooms that each may look into; a new room gets a line here."""
TORCH_FREE = {
    *(
        "__init__",
        "__main__",
        "_exit",
        "_markdown",
        "_shelf",
        "_version",
        "catalogue",
        "cli",
        "comparison",
        "data",
        "demo",
        "embedding_layout",
        "errors",
        "lab",
    ),
    *("languages", "metrics", "model_card", "progress", "recipe", "report", "run_directory", "runs", "stats", "tasks"),
}
HEAVY = {"torch", "transformers", "accelerate", "safetensors", "tokenizers"}


def room(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names) if module == "crosslift" else (module,)


def rooms_imported(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("crosslift.")}


def by_room() -> dict[str, list[Path]]:
    rooms: dict[str, list[Path]] = {}
    for path in FILES:
        rooms.setdefault(room(path), []).append(path)
    return rooms


@pytest.mark.parametrize(("name", "files"), sorted(by_room().items()))
def test_imports_go_right_only(name: str, files: list[Path]):
    if name == "__init__" or name in ANYWHERE - {"_shelf", "progress"}:
        allowed = set(by_room()) if name == "__init__" else set()
    else:
        allowed = ANYWHERE | {name} | MAY_IMPORT.get(name, set())
    for path in files:
        assert rooms_imported(path) <= allowed, path.relative_to(SOURCE)


def test_every_room_has_its_line():
    assert set(by_room()) == set(MAY_IMPORT) | ANYWHERE | {"__init__"}


def test_only_the_loop_imports_accelerate():
    importing = [path for path in FILES if any(name.split(".")[0] == "accelerate" for name in imports(path))]
    assert importing == [SOURCE / "train" / "loop.py"]


@pytest.mark.parametrize("name", sorted(TORCH_FREE))
def test_what_reads_and_scores_has_no_import_of_torch(name: str):
    for path in by_room()[name]:
        found = {imported.split(".")[0] for imported in imports(path)} & HEAVY
        assert not found, path.relative_to(SOURCE)


def imported_at_once(path: Path) -> set[str]:
    """Return the modules of crosslift that importing a file imports at once: not in functions, not for types only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def module_name(path: Path) -> str:
    parts = ("crosslift", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_module_imports_itself_round_a_circle():
    modules = {module_name(path): path for path in FILES}
    graph = {name: imported_at_once(path) & set(modules) - {name, "crosslift"} for name, path in modules.items()}
    while leaves := {name for name, needed in graph.items() if not needed & set(graph)}:
        graph = {name: needed for name, needed in graph.items() if name not in leaves}
    assert not graph
