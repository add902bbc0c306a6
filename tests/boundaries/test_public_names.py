"""Names that users rely on, the version, and the licence."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import crosslift

ROOT = Path(__file__).parents[2]


def test_public_names_are_sorted():
    assert crosslift.__all__ == sorted(crosslift.__all__)


@pytest.mark.parametrize("name", crosslift.__all__)
def test_a_public_name_can_be_had(name: str):
    found = getattr(crosslift, name)
    assert isinstance(found, str) or inspect.getdoc(found)


def test_dir_shows_the_public_names():
    assert dir(crosslift) == crosslift.__all__


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'Enkoder'"):
        _ = crosslift.Enkoder


def test_the_version_is_that_of_the_newest_entry_of_the_changelog():
    newest = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == crosslift.__version__


def test_the_version_is_that_of_the_citation():
    assert f"\nversion: {crosslift.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_the_licence_is_there_in_full():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
