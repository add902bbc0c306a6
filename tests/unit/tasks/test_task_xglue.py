"""Files of XGLUE's own sentence tasks."""

from __future__ import annotations

import pytest

from crosslift.api.examples import PairExample, SentenceExample
from crosslift.data.sources.directory import Directory
from crosslift.errors import DataError
from crosslift.metrics.ndcg import Ndcg
from crosslift.tasks.xglue_nc import XglueNc
from crosslift.tasks.xglue_qadsm import XglueQadsm
from crosslift.tasks.xglue_qam import XglueQam
from crosslift.tasks.xglue_wpr import XglueWpr


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return Directory(root)


def test_news_are_title_and_body(tmp_path):
    data = write(tmp_path, "xglue_full_dataset/NC/xglue.nc.de.dev", 'Tor "des" Tages\tEs fiel spät.\tsports\n')
    expected = [SentenceExample("0", 'Tor "des" Tages Es fiel spät.', "sports")]
    assert data.examples(XglueNc(), "dev", "de") == expected


def test_ads_are_title_and_description(tmp_path):
    data = write(tmp_path, "xglue/QADSM/xglue.qadsm.en.train", "cruise\tCruises\tYour cruise awaits!\tGood\n")
    expected = [PairExample("0", "cruise", "Cruises Your cruise awaits!", "Good")]
    assert data.examples(XglueQadsm(), "train", "en") == expected


def test_answers_are_numbered_and_hidden_ones_lacking(tmp_path):
    data = write(tmp_path, "xglue/QAM/xglue.qam.fr.dev", "Où ?\tIci.\t1\nQui ?\tIci.\t0\n")
    assert [example.label for example in data.examples(XglueQam(), "dev", "fr")] == ["True", "False"]
    data = write(tmp_path, "xglue/QAM/xglue.qam.fr.test", "Où ?\tIci.\n")
    assert data.examples(XglueQam(), "test", "fr") == [PairExample("0", "Où ?", "Ici.")]


def test_pages_of_a_query_are_ranked_together(tmp_path):
    rows = [("a", 4), ("a", 0), ("b", 2), ("b", 3), ("a", 1)]
    text = "".join(f"{query}\ttitle\tsnippet\t{label}\n" for query, label in rows)
    examples = write(tmp_path, "xglue/WPR/xglue.wpr.it.dev", text).examples(XglueWpr(), "dev", "it")
    assert [example.label for example in examples] == ["Perfect", "Bad", "Good", "Excellent", "Fair"]
    assert len({example.id for example in examples}) == 5
    records = [{"id": example.id, "prediction": example.label, "gold": example.label} for example in examples]
    metric = Ndcg(XglueWpr.labels)
    # The last page of "a" is not next to the others: the benchmark's script counts it as another query too.
    assert [len(unit["gold"]) for unit in metric.units(records)] == [2, 2]
    assert metric(records) == 100


def test_a_row_of_another_width_is_refused(tmp_path):
    data = write(tmp_path, "xglue/NC/xglue.nc.en.dev", "title\tbody\tsports\tmore\n")
    with pytest.raises(DataError, match=r"line 1: 4 fields; expected 3 fields \(news_title, news_body"):
        data.examples(XglueNc(), "dev", "en")
