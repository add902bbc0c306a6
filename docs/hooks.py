"""Generated parts of the pages: tables of recipe keys, commands and registries, made when mkdocs builds the site.

A page marks the place of a table with ``<!-- generated: recipe -->``, or another name of `GENERATORS`.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

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
from crosslift.studies.terminal import effect
from crosslift.tables import format as fmt

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
    "[finetune.input]": recipe.InputTable,
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
"""All tables; `[[pretrain.objective]]` and `[[finetune.method]]` are `[[align.objective]]` without `bitext`."""
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
"""The recipe tables that can name a method, by the method's input type."""
STUDIES = sorted((Path(__file__).parent / "studies").glob("*.json"))
"""The results of studies that the repository keeps."""
_MARK = re.compile(r"<!-- generated: (\w+) -->")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the marks of a page with tables (called by mkdocs)."""
    return _MARK.sub(lambda match: GENERATORS[match[1]](), markdown)


def on_files(files: Files, config: Any) -> Files:
    """Add a page for each study's result (called by mkdocs)."""
    for path in STUDIES:
        files.append(File.generated(config, f"studies/{path.stem}.html", content=report.study_html(path)))
    return files


def study_sections() -> str:
    """Return one section per study result: its question and verdicts."""
    return "\n\n".join(_study(path) for path in STUDIES)


def _study(path: Path) -> str:
    found = result.read(path)
    rows = [
        (
            one.name,
            f"**{one.verdict}**",
            f"{effect(one)} {fmt.interval(one.low, one.high)}".replace(fmt.MISSING, "").strip(),
            str(one.seeds or ""),
            f"{one.statement}. {one.reason}".strip(),
        )
        for one in found.hypotheses
    ]
    shown = table(("", "Verdict", "Effect", "Seeds", "Statement"), rows)
    facts = f"{found.about} [The whole page]({path.stem}.html), and [its numbers]({path.name})."
    return f"## {found.title}\n\n{found.question}\n\n{facts}\n\n{shown}"


def recipe_tables() -> str:
    """Return one section per recipe table: key, value, default, meaning."""
    return "\n\n".join(_table_of(title, model, TABLES) for title, model in TABLES.items())


def study_tables() -> str:
    """Return one section per table of a study."""
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
    """Return a reference to the section of a nested table, or "" for any other field."""
    found = [title for title, model in tables.items() if model.__name__ in str(field.annotation)]
    return f"see `{found[0]}` below" if found else ""


def value(field: FieldInfo) -> str:
    """Describe the values that a field takes."""
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
    """Return a field's default as TOML."""
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
    """Return the docstrings of the fields of a model, by field."""
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: " ".join(ast.literal_eval(below.value).split())
        for field, below in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
    }


def command_tables() -> str:
    """Return one section per command: help, arguments and options, example."""
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return "\n\n".join(_command(name, command) for name, command in commands.items())


def _command(name: str, command: Any) -> str:
    hints = get_type_hints(command.callback)
    rows = [
        (f"`{_parameter(parameter)}`", _taken(parameter, hints[parameter.name]), parameter.help, _default_of(parameter))
        for parameter in command.params
        if parameter.name != "help"
    ]
    example = str(command.epilog).removeprefix("Example: ")
    shown = table(("Argument", "Value", "Meaning", "Default"), rows)
    return "\n\n".join([f"## {name}", command.help, shown, f"```bash\n{example}\n```"])


def _parameter(parameter: Any) -> str:
    return str(parameter.metavar if parameter.param_type_name == "argument" else parameter.opts[0])


def _taken(parameter: Any, annotation: Any) -> str:
    """Return the choices of an option, or the name of its value; nothing for flags and arguments."""
    if parameter.param_type_name == "argument" or annotation is bool:
        return ""
    choices = [parameter.metavar] if parameter.metavar else get_args(annotation)
    return ", ".join(f"`{choice}`" for choice in choices)


def _default_of(parameter: Any) -> str:
    if isinstance(parameter.show_default, str):
        return str(parameter.show_default)
    if parameter.required:
        return "required"
    return "" if parameter.default is None or parameter.default is False else f"`{parameter.default}`"


def method_sections() -> str:
    """Return one section per method, with its settings."""
    return "\n\n".join(_method(row) for row in catalogue.listing("methods"))


def _method(row: dict[str, str]) -> str:
    first = catalogue.description(row["name"])
    facts = next(facts for facts in (first, *first["also"]) if facts["type"] == row["type"])
    settings = facts["settings"].items()
    rows = [(f"`{key}`", f"`{setting['default']}`", setting["description"]) for key, setting in settings]
    shown = table(("Setting", "Default", "Meaning"), rows) if rows else "No settings."
    return f"### {row['name']}\n\nFor {STAGES[facts['input_type']]}.\n\n{facts['documentation']}\n\n{shown}"


def task_sections() -> str:
    """Return one section per task."""
    return "\n\n".join(_task(row) for row in catalogue.listing("tasks"))


def _task(row: dict[str, str]) -> str:
    facts = catalogue.description(row["name"])
    rows = [
        ("Task type", f"`{facts['task_type']}`"),
        ("Labels", ", ".join(facts["labels"]) or "none"),
        ("Source language", f"`{facts['source']}`"),
        ("Languages", f"{len(facts['languages'])}: {', '.join(facts['languages'])}"),
        ("Metrics", ", ".join(f"`{metric}`" for metric in facts["metrics"])),
        ("Licence", facts["licence"]),
        ("Cite", facts["citation"]),
    ]
    return f"### {row['name']}\n\n{facts['documentation']}\n\n{table(('Fact', 'Value'), rows)}"


def layout_table() -> str:
    """Return the paths of each task's files in a directory of XTREME's layout."""
    tasks = {name: registry.load("task", name) for name in registry.entries("task")}
    rows = [
        (f"`{name}`", split, " or ".join(f"`{pattern}`" for pattern in patterns))
        for name, task in tasks.items()
        for split, patterns in task.files.items()
    ]
    return table(("Task", "Split", "File, plain or with .gz"), rows)


def listing_table(what: str) -> str:
    """Return the names and summaries of a list of `crosslift list`."""
    rows = [(f"`{row['name']}`", row["summary"]) for row in catalogue.listing(what)]
    return table(("Name", "Summary"), rows)


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
