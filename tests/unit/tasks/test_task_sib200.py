"""SIB-200's files."""

from __future__ import annotations

import pytest

from crosslift import languages
from crosslift.api.examples import SentenceExample
from crosslift.errors import DataError
from crosslift.tasks.sib200 import Sib200

HEADER = "index_id\tcategory\ttext\n"


def read(tmp_path, content):
    path = tmp_path / "dev.tsv"
    path.write_text(content, encoding="utf-8")
    return list(Sib200().read_file(path))


def test_the_id_names_the_sentence_and_quotes_are_undone(tmp_path):
    assert read(tmp_path, HEADER + '548\tsports\t"The ""half mile"" run."\n') == [
        SentenceExample("548", 'The "half mile" run.', "sports")
    ]


def test_a_file_without_its_header_names_the_column(tmp_path):
    with pytest.raises(DataError, match=r"line 2: no column 'index_id'"):
        read(tmp_path, "548\tsports\tRun!\n549\tsports\tGo!\n")


def test_an_unknown_topic_names_the_nearest(tmp_path):
    with pytest.raises(DataError, match="line 2: 'sport' is not a label of sib200; did you mean 'sports'"):
        read(tmp_path, HEADER + "548\tsport\tRun!\n")


@pytest.mark.parametrize(("code", "found"), [("sw", "swh_Latn"), ("zh", "zho_Hans"), ("en", "eng_Latn")])
def test_shorter_codes_find_the_benchmarks(code, found):
    assert languages.resolve(code, Sib200.languages) == found
