"""Definitions of studies: ready ones by name, or TOML files; all mistakes are reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crosslift import recipe as recipes
from crosslift.errors import InputError, RecipeError, nearest, unknown
from crosslift.recipe.messages import complaints, paragraph
from crosslift.studies.tables import Scale, Study

READY = Path(__file__).parent / "ready"


@dataclass(frozen=True)
class Definition:
    """A study with its file, its TOML text and its hash."""

    path: Path
    study: Study
    text: str

    @property
    def name(self) -> str:
        """The name of the file, without its extension."""
        return self.path.stem

    @property
    def hash(self) -> str:
        """A hash that changes when anything in the study changes."""
        return recipes.content_hash(self.study.model_dump(mode="json"))

    def scale(self, name: str) -> Scale:
        """Return a scale.

        Raises:
            InputError: the study has no such scale.
        """
        if name not in self.study.scale:
            raise InputError(
                f"study {self.name} has no scale '{name}'{nearest(name, self.study.scale)} "
                f"(available: {', '.join(self.study.scale)})"
            )
        return self.study.scale[name]


def names() -> list[str]:
    """Return the names of the ready studies."""
    return sorted(path.stem for path in READY.glob("*.toml"))


def load(study: str | Path) -> Definition:
    """Read a study.

    Args:
        study: name of a ready study, or a TOML file.

    Raises:
        InputError: there is no ready study of this name.
        RecipeError: the file is missing, is not TOML, or has mistakes; all of them are listed.
    """
    path = Path(study)
    if path.suffix != ".toml":
        if str(study) not in names():
            raise InputError(f"{unknown('study', str(study), names())}; expected a name or a TOML file")
        path = READY / f"{study}.toml"
    values = recipes.read(path)
    return Definition(path, _validated(values, where=str(path)), path.read_text(encoding="utf-8"))


def _validated(values: Mapping[str, Any], *, where: str) -> Study:
    try:
        return Study.model_validate(values)
    except ValidationError as error:
        raise RecipeError(paragraph(where, complaints(error, Study))) from error
