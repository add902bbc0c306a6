"""What mkdocs fills in: tables of recipe keys, commands and shelves, taken from the code when the site is built.

A page holds ``<!-- generated: recipe -->`` (or another name of `GENERATORS`) where a table is wanted.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from mkdocs.structure.files import File, Files
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from crosslift import catalogue, recipe, report
from crosslift.api import registry
from crosslift.cli import app
from crosslift.data.filters import FilterSettings
from crosslift.data.sources import FileSettings, SourceSettings, TaskSettings
from crosslift.studies import result
from crosslift.studies import rules as study_rules
from crosslift.studies import tables as study_parts
from crosslift.studies.terminal import effect, interval

TABLES: dict[str, type[BaseModel]] = {
    "The recipe itself": recipe.Recipe,
    "[encoder]": recipe.EncoderTable,
    "[data]": SourceSettings,
    "[data.files.SPLIT]": FileSettings,
    "[[data.task]]": TaskSettings,
    "[pretrain]": recipe.PretrainTable,
    "[pretrain.text]": recipe.TextTable,
    "[align]": recipe.AlignTable,
    "[align.bitext]": recipe.BitextTable,
    "[align.bitext.filters]": FilterSettings,
    "[[align.objective]]": recipe.ObjectiveTable,
    "[[intermediate]]": recipe.IntermediateTable,
    "[intermediate.mlm]": recipe.MaskedTable,
    "[dual_encoder]": recipe.DualEncoderTable,
    "[language_adapters]": recipe.LanguageAdaptersTable,
    "[finetune]": recipe.FinetuneTable,
    "[finetune.adapter]": recipe.AdapterTable,
    "[finetune.translate]": recipe.TranslateTable,
    "[finetune.read]": recipe.InputTable,
    "[[evaluate]]": recipe.EvaluateTable,
    "[evaluate.translate]": recipe.TranslatorTable,
    "[evaluate.smooth]": recipe.SmoothTable,
}
STUDY_TABLES: dict[str, type[BaseModel]] = {
    "The study itself": study_parts.Study,
    "[[arm]]": study_parts.Arm,
    "[[hypothesis]]": study_parts.Hypothesis,
    "[[hypothesis.rule.difference]]": study_rules.Difference,
    "[scale.NAME]": study_parts.Scale,
}
"""Every table; `[[pretrain.objective]]` and `[[finetune.method]]` are as `[[align.objective]]`, but for `bitext`."""
NAMES = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    type(None): "",
    Any: "anything",
}
BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
STAGES = {"text": "`[pretrain]` and `[align]`", "bitext": "`[align]`", "task": "`[finetune]`"}
"""The tables that can name a method, by what it reads."""
STUDIES = sorted((Path(__file__).parent / "studies").glob("*.json"))
"""Results that are in the repository."""
_MARK = re.compile(r"<!-- generated: (\w+) -->")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in the marks of a page; mkdocs calls this."""
    return _MARK.sub(lambda match: GENERATORS[match[1]](), markdown)


def on_files(files: Files, config: Any) -> Files:
    """Add the page of each study's result; mkdocs calls this."""
    for path in STUDIES:
        files.append(File.generated(config, f"studies/{path.stem}.html", content=report.study_html(path)))
    return files


def study_sections() -> str:
    """Return a section a result of a study: its question and its verdicts."""
    return "\n\n".join(_study(path) for path in STUDIES)


def _study(path: Path) -> str:
    found = result.read(path)
    rows = [
        (
            one.name,
            f"**{one.verdict}**",
            f"{effect(one)} {interval(one)}".replace("–", "").strip(),
            str(one.seeds or ""),
            f"{one.statement}. {one.reason}".strip(),
        )
        for one in found.hypotheses
    ]
    shown = table(("", "Verdict", "Effect", "Seeds", "Statement"), rows)
    facts = f"{found.about} [The whole page]({path.stem}.html), and [its numbers]({path.name})."
    return f"## {found.title}\n\n{found.question}\n\n{facts}\n\n{shown}"


def recipe_tables() -> str:
    """Return a section a recipe table: key, value, default, meaning."""
    return "\n\n".join(_table_of(title, model, TABLES) for title, model in TABLES.items())


def study_tables() -> str:
    """Return a section a table of a study."""
    sections = (_table_of(title, model, STUDY_TABLES) for title, model in STUDY_TABLES.items())
    return "\n\n".join(section.replace("## ", "### ", 1) for section in sections)


def _table_of(title: str, model: type[BaseModel], tables: Mapping[str, type[BaseModel]]) -> str:
    written = attribute_docstrings(model)
    heading = title if title[0] != "[" else f"`{title}`"
    rows = [
        (f"`{key}`", value(field), default(field), field.description or written.get(key) or _section(field, tables))
        for key, field in model.model_fields.items()
    ]
    return f"## {heading}\n\n{table(('Key', 'Value', 'Default', 'Meaning'), rows)}"


def _section(field: FieldInfo, tables: Mapping[str, type[BaseModel]]) -> str:
    """Point to the section of a table that needs no words of its own."""
    found = [title for title, model in tables.items() if model.__name__ in str(field.annotation)]
    return f"see `{found[0]}` below" if found else ""


def value(field: FieldInfo) -> str:
    """Say in words what a field takes."""
    bounds = [
        f"{words} {getattr(limit, name):g}"
        for limit in field.metadata
        for name, words in BOUNDS.items()
        if getattr(limit, name, None) is not None
    ]
    return ", ".join([_type(field.annotation), *bounds])


def _type(annotation: Any) -> str:
    arguments = get_args(annotation)
    match get_origin(annotation):
        case None if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return "table"
        case None:
            return NAMES[annotation]
        case origin if origin is Literal:
            return " or ".join(f'`"{choice}"`' for choice in arguments)
        case origin if origin in (Union, types.UnionType):
            return " or ".join(dict.fromkeys(filter(None, map(_type, arguments))))
        case origin if origin is Annotated:
            return _type(arguments[0])
        case origin if origin is tuple:
            return f"list of {_type(arguments[0])}s"
        case _:
            return f"table of {_type(arguments[1])}s"


def default(field: FieldInfo) -> str:
    """Write a field's default as TOML would."""
    if field.is_required():
        return "required"
    found = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(found, BaseModel):
        return ", ".join(f'`{key} = "{getattr(found, key)}"`' for key in sorted(found.model_fields_set))
    if found in (None, (), {}):
        return ""
    if isinstance(found, tuple):
        return ", ".join(f'`use = "{method.use}"`' for method in found)
    if isinstance(found, bool):
        return f"`{str(found).lower()}`"
    return f'`"{found}"`' if isinstance(found, str) else f"`{found}`"


def attribute_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Return the strings under the fields of a model, by field."""
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: " ".join(ast.literal_eval(below.value).split())
        for field, below in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
    }


def command_tables() -> str:
    """Return a section a command: what it does, its arguments and options, an example."""
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return "\n\n".join(_command(name, command) for name, command in commands.items())


def _command(name: str, command: Any) -> str:
    rows = [
        (f"`{_parameter(parameter)}`", parameter.help or "", _command_default(parameter))
        for parameter in command.params
        if parameter.name != "help"
    ]
    example = str(command.epilog).removeprefix("Example: ")
    parts = [f"## {name}", command.help, table(("Argument", "Meaning", "Default"), rows), f"```bash\n{example}\n```"]
    return "\n\n".join(parts)


def _parameter(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    return str(parameter.opts[0])


def _command_default(parameter: Any) -> str:
    if isinstance(parameter.show_default, str):
        return str(parameter.show_default)
    return "required" if parameter.required else f"`{parameter.default}`" if parameter.default else ""


def method_sections() -> str:
    """Return a section a method, with its settings."""
    return "\n\n".join(_method(row) for row in catalogue.listing("methods"))


def _method(row: dict[str, str]) -> str:
    facts = catalogue.description(row["name"])
    settings = facts["settings"].items()
    rows = [(f"`{key}`", f"`{setting['default']}`", setting["description"]) for key, setting in settings]
    shown = table(("Setting", "Default", "Meaning"), rows) if rows else "It has no settings."
    return f"### {row['name']}\n\nFor {STAGES[facts['input_type']]}.\n\n{facts['documentation']}\n\n{shown}"


def task_sections() -> str:
    """Return a section a task."""
    return "\n\n".join(_task(row) for row in catalogue.listing("tasks"))


def _task(row: dict[str, str]) -> str:
    facts = catalogue.description(row["name"])
    rows = [
        ("Form", facts["task type"]),
        ("Labels", ", ".join(facts["labels"]) or "none"),
        ("Source language", f"`{facts['source']}`"),
        ("Languages", f"{len(facts['languages'])}: {', '.join(facts['languages'])}"),
        ("Metrics", ", ".join(f"`{metric}`" for metric in facts["metrics"])),
        ("Licence", facts["licence"]),
        ("Cite", facts["citation"]),
    ]
    return f"### {row['name']}\n\n{facts['documentation']}\n\n{table(('Fact', 'Value'), rows)}"


def layout_table() -> str:
    """Return where each task's files are in an XTREME-style directory."""
    tasks = {name: registry.load("task", name) for name in registry.entries("task")}
    rows = [
        (f"`{name}`", split, " or ".join(f"`{pattern}`" for pattern in patterns))
        for name, task in tasks.items()
        for split, patterns in task.files.items()
    ]
    return table(("Task", "Split", "File, plain or with .gz"), rows)


def listing_table(kind: str) -> str:
    """Return names and summaries of what `crosslift list` lists."""
    rows = [(f"`{row['name']}`", row["summary"]) for row in catalogue.listing(kind)]
    return table(("Name", "What it is"), rows)


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table; bars in cells are escaped."""
    return "\n".join(_rows(header, rows))


def _rows(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{' --- |' * len(header)}"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"


GENERATORS: dict[str, Callable[[], str]] = {
    "recipe": recipe_tables,
    "study": study_tables,
    "studies": study_sections,
    "commands": command_tables,
    "methods": method_sections,
    "tasks": task_sections,
    "layout": layout_table,
    "metrics": lambda: listing_table("metrics"),
    "encoders": lambda: listing_table("encoders"),
}
