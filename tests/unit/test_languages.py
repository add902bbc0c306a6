"""The table of languages, and lookup by any code."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from crosslift import languages
from crosslift.errors import LanguageError


@pytest.mark.parametrize("code", ["sw", "swh", "swa", "swh_Latn", "SW", "SWH_LATN"])
def test_any_code_finds_the_language(code):
    language = languages.get(code)
    assert (language.name, language.iso, language.code) == ("Swahili", "swh", "sw")
    assert (language.script, language.family, language.flores) == ("Latn", "Niger-Congo", "swh_Latn")


def test_a_language_without_two_letters_has_three():
    assert languages.get("hch").code == "hch"


@pytest.mark.parametrize(("wrong", "near"), [("swx", "sw"), ("eng_Latin", "eng_latn")])
def test_an_unknown_code_names_the_nearest(wrong, near):
    with pytest.raises(LanguageError, match=rf"unknown language code '{wrong}'; did you mean '{near}"):
        languages.get(wrong)


def test_private_codes_are_artificial_languages():
    language = languages.get("qab")
    assert (language.code, language.resources, language.family) == ("qab", "artificial", "Artificial")
    described = languages.artificial("qtz", name="Ulmic", script="Cyrl")
    assert (described.name, described.script) == ("Ulmic", "Cyrl")
    with pytest.raises(LanguageError, match="qaa to qtz"):
        languages.artificial("de")


def test_quechua_is_not_artificial():
    assert languages.get("quy").name == "Quechua"


@pytest.mark.parametrize(
    ("code", "among", "found"),
    [
        ("sw", ("eng_Latn", "swh_Latn"), "swh_Latn"),
        ("swh_Latn", ("en", "sw"), "sw"),
        ("zho", ("zh", "yue"), "zh"),
        ("qab", ("qaa", "qab"), "qab"),
    ],
)
def test_resolve_finds_the_code_in_use(code, among, found):
    assert languages.resolve(code, among) == found


@pytest.mark.parametrize("code", ["fr", "spanish", "qac"])
def test_resolve_lists_the_available_codes(code):
    with pytest.raises(LanguageError, match=rf"no language '{code}' here.*\(available: es, qab\)"):
        languages.resolve(code, ("es", "qab"))


def test_no_code_means_two_languages():
    codes = Counter(code.lower() for language in languages.table() for code in language.codes)
    assert [code for code, count in codes.items() if count > 1] == []


@pytest.mark.parametrize("language", languages.table(), ids=lambda language: language.iso)
def test_every_row_is_filled_in(language):
    assert re.fullmatch(r"[a-z]{3}", language.iso)
    assert language.short is None or re.fullmatch(r"[a-z]{2}", language.short)
    assert re.fullmatch(r"[A-Z][a-z]{3}", language.script)
    assert language.flores is None or language.flores.partition("_")[2] == language.script
    assert language.resources in ("high", "middle", "low")
    assert language.name
    assert language.family


BENCHMARKS = {
    "xtreme": "af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru sw ta te th "
    "tl tr ur vi yo zh",
    "xtreme-r": "az gu ht lt pa pl qu ro uk wo",
    "americasnli": "aym bzd cni gn hch nah oto quy shp tar",
    "masakhaner": "bam bbj ewe fon hau ibo kin lug luo mos nya pcm sna swa tsn twi wol xho yor zul",
    "masakhanews": "amh eng fra hau ibo lin lug orm pcm run sna som swa tir xho yor",
}


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_the_codes_of_benchmarks_are_known(benchmark):
    names = [languages.get(code).name for code in BENCHMARKS[benchmark].split()]
    assert len(set(names)) == len(names)


def test_a_region_after_a_code_is_ignored():
    assert (languages.get("pt-PT").name, languages.get("zh-TW").iso) == ("Portuguese", "cmn")
    assert languages.resolve("af-ZA", ("de", "af")) == "af"
    assert languages.resolve("EN", ("de", "eng_Latn")) == "eng_Latn"
    assert not languages.same("pt-PT", "es")
    with pytest.raises(LanguageError, match="unknown language code 'xx-XX'"):
        languages.get("xx-XX")
