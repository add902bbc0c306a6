from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from crosslift.data.lexicon import Lexicon, lab_world, open_lexicon
from crosslift.errors import DataError, LanguageError
from crosslift.lab import World


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    data = text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "en-de.txt", "house\tHaus\nbank\tBank\nbank\tUfer\nbank\tBank\n\n")
    write(tmp_path, "en-fr.txt.gz", "house maison\nhouse logis")
    write(tmp_path, "de-en.txt", "Haus house\n")
    write(tmp_path, "notes.md", "not a lexicon")
    return tmp_path


def test_a_folder_gives_every_language_of_the_source(folder: Path) -> None:
    lexicon = Lexicon.read(folder)
    assert (lexicon.source, lexicon.languages, len(lexicon)) == ("en", ("de", "fr"), 5)
    assert lexicon.translations("bank", "de") == ("Bank", "Ufer")
    assert lexicon.translations("house", "fr") == ("maison", "logis")
    assert lexicon.words == ("house", "bank")
    assert lexicon.words_into("fr") == ("house",)
    assert lexicon.words_of("de") == ("Haus", "Bank", "Ufer")
    assert Lexicon.read(folder, source="de").translations("Haus", "en") == ("house",)


def test_a_file_name_has_its_languages(folder: Path) -> None:
    lexicon = Lexicon.read(folder / "en-fr.txt")  # stored as .gz
    assert (lexicon.source, lexicon.languages) == ("en", ("fr",))


def test_a_word_is_looked_up_as_written_then_in_lower_case() -> None:
    lexicon = Lexicon({"de": [("polish", "polieren"), ("Polish", "polnisch"), ("house", "Haus")]}, source="en")
    found = [lexicon.translations(word, "de") for word in ("polish", "Polish", "House", "tree")]
    assert found == [("polieren",), ("polnisch",), ("Haus",), ()]


def test_translations_of_several_words_follow_a_tab(tmp_path: Path) -> None:
    path = write(tmp_path, "en-ur.txt", "petty\tکم ظرف\n")
    assert Lexicon.read(path).translations("petty", "ur") == ("کم ظرف",)


@pytest.mark.parametrize("line", ["house", "house Haus Heim", "house\tHaus\tHeim", "house\t "])
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    path = write(tmp_path, "en-de.txt", f"bank Bank\n{line}\n")
    with pytest.raises(DataError, match=r"en-de\.txt, line 2: .* a word and its translation"):
        Lexicon.read(path)


def test_missing_files_and_languages_are_named(folder: Path) -> None:
    with pytest.raises(LanguageError, match="no lexicon of 'dee'; did you mean 'de'"):
        Lexicon.read(folder, languages=["dee"])
    with pytest.raises(LanguageError, match="has no language 'es'"):
        Lexicon.read(folder).translations("house", "es")
    with pytest.raises(DataError, match=r"no lexicon fr-xx\.txt"):
        Lexicon.read(folder, source="fr")
    with pytest.raises(DataError, match=r"no such file.*en-de\.txt"):
        Lexicon.read(folder / "en-dd.txt")
    with pytest.raises(DataError, match="must contain the two languages"):
        Lexicon.read(folder / "notes.md")


def test_saved_and_read_it_is_the_same(folder: Path, tmp_path: Path) -> None:
    lexicon = Lexicon.read(folder)
    lexicon.save(tmp_path / "saved")
    again = Lexicon.read(tmp_path / "saved")
    assert again == lexicon
    assert again.fingerprint == lexicon.fingerprint
    assert Lexicon.read(folder, languages=["de"]).fingerprint != lexicon.fingerprint


def test_a_split_shares_no_word() -> None:
    lexicon = Lexicon({"de": [(f"w{i}", f"d{i}") for i in range(50)], "fr": [("w3", "f3")]}, source="en")
    first, second = lexicon.split(0.3, seed=1)
    assert len(first.words) == 15
    assert set(first.words) | set(second.words) == set(lexicon.words)
    assert not set(first.words) & set(second.words)
    assert len(first) + len(second) == len(lexicon)
    assert lexicon.split(0.3, seed=1)[0] == first != lexicon.split(0.3, seed=2)[0]


def test_the_lab_has_its_own_lexicon() -> None:
    world = World(3)
    lexicon = open_lexicon("lab:3")
    assert lexicon.source == world.source.code
    assert lexicon.languages == tuple(language.code for language in world.targets)
    target = world.targets[0].code
    assert list(lexicon.pairs(target)) == world.lexicon(world.source.code, target)
    assert open_lexicon("lab") != lexicon
    assert open_lexicon("lab") == open_lexicon("lab:0")
    assert lab_world("laboratory") is None
    assert open_lexicon("lab", (target,)).languages == (target,)
    with pytest.raises(LanguageError, match="no language 'qazz'"):
        open_lexicon("lab", ("qazz",))


@pytest.mark.real
@pytest.mark.skipif("CROSSLIFT_REAL_DATA" not in os.environ, reason="CROSSLIFT_REAL_DATA is not set")
def test_the_dictionaries_of_xnli() -> None:
    lexicon = Lexicon.read(Path(os.environ["CROSSLIFT_REAL_DATA"]) / "dictionaries")
    assert len(lexicon.languages) == 14
    assert len(lexicon) == 318_594
    assert "haus" in lexicon.translations("house", "de")
