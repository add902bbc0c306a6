"""One line of a predictions file.  Imports no torch."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]
"""One line of a predictions file: id, prediction, gold, and what else the task's form has."""
