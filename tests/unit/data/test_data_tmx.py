"""TMX files as found in practice."""

from __future__ import annotations

import gzip

import pytest

from crosslift.data.tmx import tmx_pairs
from crosslift.errors import DataError

HEAD = '<?xml version="1.0" encoding="{encoding}"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<tmx version="1.4"><body>'
TAIL = "</body></tmx>"


def unit(**segments: str) -> str:
    variants = "".join(
        f'<tuv xml:lang="{code.replace("_", "-")}"><seg>{text}</seg></tuv>' for code, text in segments.items()
    )
    return f"<tu><prop type='x'>ignored</prop>{variants}</tu>"


def pairs(tmp_path, body, *, name="x.tmx", encoding="utf-8"):
    raw = (HEAD.format(encoding=encoding) + body + TAIL).encode(encoding)
    path = tmp_path / name
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return list(tmx_pairs(path, ("en", "de")))


@pytest.mark.parametrize("name", ["x.tmx", "x.tmx.gz"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_units_are_read_in_order(tmp_path, name, encoding):
    body = unit(en="a house", de="ein Häuschen") + unit(de="ja &amp; nein", en="yes &amp; no")
    assert pairs(tmp_path, body, name=name, encoding=encoding) == [
        ("a house", "ein Häuschen"),
        ("yes & no", "ja & nein"),
    ]


def test_regions_case_and_three_letter_codes_are_recognised(tmp_path):
    assert pairs(tmp_path, unit(EN_US="colour", deu="Farbe")) == [("colour", "Farbe")]


def test_units_without_both_languages_are_skipped(tmp_path):
    body = unit(en="a", fr="b") + unit(en="c", de="d", fr="e") + unit(de="f")
    assert pairs(tmp_path, body) == [("c", "d")]


def test_markup_is_dropped_and_marked_text_kept(tmp_path):
    text = 'press <bpt i="1">&lt;b&gt;</bpt><hi>OK</hi><ept i="1">&lt;/b&gt;</ept>\n  now<ph/>'
    assert pairs(tmp_path, unit(en=text, de="OK")) == [("press OK now", "OK")]


def test_a_file_larger_than_a_chunk_is_read_whole(tmp_path):
    body = "".join(unit(en=f"sentence {i}", de=f"Satz {i}") for i in range(20_000))
    assert pairs(tmp_path, body)[-1] == ("sentence 19999", "Satz 19999")


def test_no_common_unit_names_the_languages_of_the_file(tmp_path):
    with pytest.raises(DataError, match=r"no unit in both en and de \(languages in the file: en, fr\)"):
        pairs(tmp_path, unit(en="a", fr="b"))


def test_broken_xml_names_the_line(tmp_path):
    with pytest.raises(DataError, match="line 3: not well-formed XML"):
        pairs(tmp_path, "<tu></tv>")


def test_entity_declarations_are_refused(tmp_path):
    path = tmp_path / "x.tmx"
    path.write_text('<!DOCTYPE tmx [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><tmx>&b;</tmx>', encoding="utf-8")
    with pytest.raises(DataError, match="line 1: declares the entity 'a'"):
        list(tmx_pairs(path, ("en", "de")))
