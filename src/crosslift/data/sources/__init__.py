"""Sources of examples: the hub, a directory in XTREME's layout, the lab, and the user's files.

`open_source` returns the source that settings describe, `find_task` the task with a name.  Imports no torch, and
`datasets` only for the hub.
"""

from __future__ import annotations

from crosslift.api import registry
from crosslift.api.source import Source
from crosslift.api.task import Task
from crosslift.data.sources.directory import Directory
from crosslift.data.sources.files import Files
from crosslift.data.sources.settings import FileSettings, SourceSettings, TaskSettings
from crosslift.data.sources.user import UserData, user_task
from crosslift.errors import DataError

__all__ = ["FileSettings", "Source", "SourceSettings", "TaskSettings", "find_task", "open_source"]


def find_task(name: str, settings: SourceSettings) -> Task:
    """Return the user's task or the built-in task with a name.

    Raises:
        DataError: the files of the user's task do not match its table in the recipe.
        InputError: no such task; the message names the nearest one.
    """
    table = next((task for task in settings.task if task.name == name), None)
    if table is not None:
        return user_task(table, settings.path)
    task: Task = registry.load("task", name)()
    return task


def open_source(settings: SourceSettings) -> Source:
    """Return the source that settings describe.

    Raises:
        DataError: the directory is not given, or does not exist.
        InputError: a file belongs to a task that does not exist; the message names the nearest one.
    """
    for file in settings.files.values():
        if file.task is not None:
            find_task(file.task, settings)
    base = _base(settings)
    if settings.task:
        inner = Files(settings.files, base=base, root=settings.path) if settings.files else base
        return UserData(settings.task, base=inner, root=settings.path)
    if base is None and not settings.files:
        raise DataError('source = "files" needs a file for some split, such as files.train')
    return Files(settings.files, base=base, root=settings.path) if settings.files or base is None else base


def _base(settings: SourceSettings) -> Source | None:
    """Return the source behind the user's files; the lab and the hub are imported only if used."""
    match settings.source:
        case "files":
            return None
        case "directory":
            if settings.path is None:
                raise DataError('source = "directory" needs a path: the folder that contains xnli/, udpos/ and so on')
            return Directory(settings.path)
        case "lab":
            from crosslift.data.sources.lab import Lab

            return Lab(seed=settings.seed, counts=settings.counts)
        case "hub":
            from crosslift.data.sources.hub import Hub

            return Hub(path=settings.path, revision=settings.revision)
