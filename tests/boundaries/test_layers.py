"""Who may import whom: packages form a hierarchy, contracts are public, and what reads and scores needs no torch.

A package may import those that its line in `MAY_IMPORT` names, and those that need nothing themselves (`BASICS`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "crosslift"
FILES = sorted(SOURCE.rglob("*.py"))
BASICS = {"choices", "errors", "progress", "version"}
MAY_IMPORT = {
    "adapters": {"encoder"},
    "align": {"augment", "compat", "data", "encoder", "losses", "train"},
    "api": {"io"},
    "augment": {"data", "encoder", "io", "languages"},
    "cache": set(),
    "catalogue": {"api", "encoder", "studies"},
    "cli": {
        *("catalogue", "comparison", "demo", "evaluation", "merging", "pipeline", "recipe", "report", "runs"),
        *("studies", "tables", "train", "wordalign"),
    },
    "comparison": {"api", "io", "runs", "stats", "tables"},
    "compat": set(),
    "data": {"api", "io", "lab", "languages", "tasks"},
    "demo": {"pipeline", "recipe", "runs"},
    "encoder": {"compat", "languages"},
    "evaluation": {"api", "data", "encoder", "finetune", "heads", "io", "retrieval", "runs", "stats", "train"},
    "finetune": {"api", "augment", "data", "encoder", "heads", "io", "losses", "train"},
    "heads": {"adapters", "api", "compat", "encoder"},
    "io": set(),
    "lab": {"api"},
    "languages": set(),
    "losses": set(),
    "merging": {"encoder", "heads", "io", "runs"},
    "metrics": {"api"},
    "pipeline": {
        *("adapters", "align", "api", "cache", "data", "encoder", "evaluation", "finetune", "heads", "io", "lab"),
        *("languages", "recipe", "retrieval", "runs", "train", "translation", "wordalign"),
    },
    "recipe": {"api", "data", "wordalign"},
    "report": {"comparison", "io", "runs", "stats", "studies", "tables"},
    "retrieval": {"api", "data", "encoder"},
    "runs": {"io", "languages", "tables"},
    "stats": set(),
    "studies": {
        *("api", "comparison", "compat", "encoder", "io", "lab", "languages", "pipeline", "recipe", "runs", "stats"),
        "tables",
    },
    "tables": set(),
    "tasks": {"api", "io"},
    "train": {"api", "encoder", "heads", "recipe"},
    "translation": {"api", "cache", "compat", "data", "encoder", "lab", "languages", "recipe", "runs"},
    "wordalign": {"data", "encoder"},
}
"""Every package and module at the top, with those that it may import; a new one gets a line here."""
TORCH_FREE = {
    *("__main__", "api", "cache", "catalogue", "cli", "comparison", "data", "demo", "errors", "io", "lab", "languages"),
    *("choices", "metrics", "progress", "recipe", "report", "runs", "stats", "tables", "tasks", "version"),
}
"""Packages that import no torch: they read, score, compare and print."""
HEAVY = {"torch", "transformers", "accelerate", "safetensors", "tokenizers"}
REGISTRIES = ("align", "finetune", "metrics", "tasks")


def package(path: Path) -> str:
    """Return the package, or the module at the top, that a file belongs to; "" for crosslift's own `__init__`."""
    name = path.relative_to(SOURCE).with_suffix("").parts[0]
    return "" if name == "__init__" else name


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of all that a file imports, wherever in the file it does; the name is "" for a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from ((node.module or "", alias.name) for alias in node.names)


def packages_imported(path: Path) -> set[str]:
    full = {f"{module}.{name}" for module, name in imports(path)}
    return {name.split(".")[1] for name in full if name.startswith("crosslift.")}


def by_package() -> dict[str, list[Path]]:
    packages: dict[str, list[Path]] = {}
    for path in FILES:
        packages.setdefault(package(path), []).append(path)
    return {name: files for name, files in packages.items() if name}


@pytest.mark.parametrize(("name", "files"), sorted(by_package().items()))
def test_a_package_imports_only_those_that_it_may(name: str, files: list[Path]):
    allowed = {name} if name in BASICS else {name} | BASICS | MAY_IMPORT.get(name, {"cli"})
    for path in files:
        assert packages_imported(path) <= allowed, path.relative_to(SOURCE)


def test_every_package_has_its_line():
    assert set(by_package()) == set(MAY_IMPORT) | BASICS | {"__main__"}


def test_no_line_allows_what_is_not_used():
    used = {name: set().union(*map(packages_imported, files)) for name, files in by_package().items()}
    assert {name: unused for name, may in MAY_IMPORT.items() if (unused := may - used[name])} == {}


def circular(graph: dict[str, set[str]]) -> set[str]:
    """Return the nodes of a graph that are left when those that need none of the others are taken away again and again.

    >>> sorted(circular({"a": {"b"}, "b": {"a"}, "c": {"a"}, "d": set()}))
    ['a', 'b', 'c']
    """
    left = dict(graph)
    while leaves := {name for name, needed in left.items() if not needed & set(left)}:
        left = {name: needed for name, needed in left.items() if name not in leaves}
    return set(left)


def test_a_circle_is_found():
    assert circular({"a": {"b"}, "b": {"a"}, "c": {"a"}, "d": set()}) == {"a", "b", "c"}


def test_no_package_imports_itself_through_others():
    packages = by_package()
    graph = {name: set().union(*map(packages_imported, files)) - {name} for name, files in packages.items()}
    assert circular(graph) == set()


def test_no_package_imports_a_private_name_of_another():
    found = []
    for path in FILES:
        for module, name in imports(path):
            parts = (*module.split("."), name)
            foreign = parts[0] == "crosslift" and parts[1:2] != (package(path),)
            if foreign and any(part.startswith("_") and not part.startswith("__") for part in parts):
                found.append(f"{path.relative_to(SOURCE)}: {module}.{name}")
    assert found == []


def test_tests_and_scripts_import_nothing_private():
    root, found = SOURCE.parents[1], []
    folders = ("tests", "examples", "benchmarks", "experiments")
    for path in (path for folder in folders for path in sorted((root / folder).rglob("*.py"))):
        for module, name in imports(path):
            parts = (*module.split("."), name)
            if parts[0] == "crosslift" and any(part.startswith("_") and not part.startswith("__") for part in parts):
                found.append(f"{path.relative_to(root)}: {module}.{name}")
    assert found == []


@pytest.mark.parametrize("registry", REGISTRIES)
def test_a_registry_holds_names_only(registry: str):
    files = {path.stem for path in (SOURCE / registry).glob("*.py")} - {"__init__"}
    assert [name for name in files if name.startswith("_")] == []
    assert {path.name for path in (SOURCE / registry).iterdir() if path.is_dir()} - {"__pycache__"} <= {"bases"}


def test_only_the_loop_imports_accelerate():
    importing = [path for path in FILES if any(module.split(".")[0] == "accelerate" for module, _ in imports(path))]
    assert importing == [SOURCE / "train" / "loop.py"]


@pytest.mark.parametrize("name", sorted(TORCH_FREE))
def test_what_reads_and_scores_has_no_import_of_torch(name: str):
    for path in by_package()[name]:
        found = {module.split(".")[0] for module, _ in imports(path)} & HEAVY
        assert not found, path.relative_to(SOURCE)


def imported_at_once(path: Path) -> set[str]:
    """Return the modules of crosslift that importing a file imports at once: not in functions, not for types only."""
    modules = {module_name(path) for path in FILES}
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= (full & modules) | ({node.module} if full - modules else set())
    return names


def module_name(path: Path) -> str:
    parts = ("crosslift", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_module_imports_itself_round_a_circle():
    modules = {module_name(path): path for path in FILES}
    graph = {name: imported_at_once(path) & set(modules) - {name, "crosslift"} for name, path in modules.items()}
    assert circular(graph) == set()
