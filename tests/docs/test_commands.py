"""The commands that pages, recipes and help texts show can be parsed, and the `make` targets that pages name exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from crosslift import recipe
from crosslift.cli import app
from tests.docs.conftest import PAGES, ROOT, blocks

GROUP: Any = typer.main.get_command(app)
_INLINE = re.compile(r"`(crosslift [a-z][^`]*)`")
_COMMENTED = re.compile(r"^#\s+(crosslift .*)$", re.MULTILINE)


def shown_on(page: Path) -> Iterator[str]:
    for block in blocks(page, "bash"):
        yield from (line.strip() for line in block.text.splitlines() if line.strip().startswith("crosslift "))
    yield from _INLINE.findall(page.read_text(encoding="utf-8"))


def shown() -> Iterator[tuple[str, str]]:
    """Yield the place and the text of every command that is shown."""
    for page in PAGES:
        yield from ((str(page.relative_to(ROOT)), command) for command in shown_on(page))
    for path in sorted((ROOT / "recipes").glob("*.toml")):
        yield from ((path.name, command) for command in _COMMENTED.findall(path.read_text(encoding="utf-8")))
    for name, command in GROUP.commands.items():
        yield f"crosslift {name} --help", command.epilog.removeprefix("Example: ")


COMMANDS = sorted({command: where for where, command in shown()}.items())


@pytest.mark.parametrize(("command", "where"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_a_shown_command_parses(command: str, where: str):
    _, name, *words = shlex.split(command, comments=True)
    assert name in GROUP.commands, where
    if not words:  # the name of a command, in a sentence
        return
    context = GROUP.commands[name].make_context(name, words)
    if name == "run" and context.params["recipe"].parts[0] == "recipes":
        path = ROOT / context.params["recipe"]
        recipe.load(path, context.params["overrides"] or [])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_exist(page: Path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    lines = [line for block in blocks(page, "bash") for line in block.text.splitlines()]
    lines += re.findall(r"`(make [a-z ]+)`", text)
    wanted = {word for line in lines if line.startswith("make ") for word in line.partition("#")[0].split()[1:]}
    assert wanted <= targets
