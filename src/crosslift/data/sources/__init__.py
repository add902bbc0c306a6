"""Where examples come from: the hub, a directory in XTREME's layout, the lab, or a user's files.

`open_source` makes the one that settings ask for, and `find_task` the task of a name.  Imports no torch, and `datasets`
only for the hub.
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
    """Return a task of the user's own, or of the shelf.

    Raises:
        DataError: files of an own task do not fit what the recipe says of it.
        InputError: no such task; the message names the nearest one.
    """
    own = next((task for task in settings.task if task.name == name), None)
    if own is not None:
        return user_task(own, settings.path)
    made: Task = registry.load("task", name)()
    return made


def open_source(settings: SourceSettings) -> Source:
    """Return the source that settings describe.

    Raises:
        DataError: the directory is not named, or not there.
        InputError: a file is said to be of a task that does not exist; the message names the nearest one.
    """
    for file in settings.files.values():
        if file.task is not None:
            find_task(file.task, settings)
    base = _base(settings)
    if settings.task:
        inner = Files(settings.files, base=base, root=settings.path) if settings.files else base
        return UserData(settings.task, base=inner, root=settings.path)
    if base is None and not settings.files:
        raise DataError('source = "files" without a file; name one for a split, files.train for instance')
    return Files(settings.files, base=base, root=settings.path) if settings.files or base is None else base


def _base(settings: SourceSettings) -> Source | None:
    """Return the source behind a user's own files.  The lab and the hub are imported when asked for."""
    match settings.source:
        case "files":
            return None
        case "directory":
            if settings.path is None:
                raise DataError('source = "directory" needs a path: the folder that holds xnli/, udpos/ and so on')
            return Directory(settings.path)
        case "lab":
            from crosslift.data.sources.lab import Lab

            return Lab(seed=settings.seed, counts=settings.counts)
        case "hub":
            from crosslift.data.sources.hub import Hub

            return Hub(path=settings.path, revision=settings.revision)
