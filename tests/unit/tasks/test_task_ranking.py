"""XQuAD-R and Mewsli-X: queries, and the pool they are ranked against."""

from __future__ import annotations

import json

import pytest

from crosslift.api.examples import Candidate, RankingExample
from crosslift.data.sources import SourceSettings, open_source
from crosslift.data.test_data import read_test_set
from crosslift.errors import DataError
from crosslift.tasks.bases.sentence_breaks import sentences
from crosslift.tasks.lareqa import Lareqa
from crosslift.tasks.mewslix import Mewslix
from crosslift.tasks.tatoeba import Tatoeba


def source(root):
    return open_source(SourceSettings(source="directory", path=root))


def question(key, text, start):
    return {"id": key, "question": text, "answers": [{"text": "", "answer_start": start}]}


def squad(root, language, *paragraphs):
    place = root / "lareqa" / "xquad-r" / f"{language}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"data": [{"paragraphs": [each]} for each in paragraphs]}), encoding="utf-8")


ENGLISH = {
    "context": "It rained. Nobody came. It rained.",
    "sentence_breaks": [[0, 10], [11, 23], [24, 34]],
    "qas": [question("q1", "What did it do?", 3), question("q2", "Who came?", 11), question("q3", "Where?", 10)],
}
GERMAN = {
    "context": "Es regnete. Keiner kam.",
    "sentence_breaks": [[0, 11], [12, 23]],
    "qas": [question("q1", "Was tat es?", 0), question("q2", "Wer kam?", 12)],
}
SILENT = {"context": "No question.", "sentence_breaks": [[0, 12]], "qas": []}


def test_a_question_is_answered_by_the_sentence_its_answer_begins_in(tmp_path):
    squad(tmp_path, "en", SILENT, ENGLISH)
    squad(tmp_path, "de", GERMAN)
    data = source(tmp_path)
    assert data.languages(Lareqa(), "test") == ("de", "en")
    assert data.examples(Lareqa(), "test", "en") == [  # the third answer begins between sentences
        RankingExample("q1", "What did it do?", "q1"),
        RankingExample("q2", "Who came?", "q2"),
    ]
    pool = data.candidates(Lareqa(), "test")
    assert [(each.id, each.text, each.answers) for each in pool] == [
        ("de_1_0", "Es regnete.", ("q1",)),
        ("de_1_1", "Keiner kam.", ("q2",)),
        ("en_2_0", "It rained.", ("q1",)),
        ("en_2_1", "Nobody came.", ("q2",)),
        ("en_2_2", "It rained.", ("q1",)),
    ]
    assert {(each.language, each.context) for each in pool} == {("de", GERMAN["context"]), ("en", ENGLISH["context"])}


def test_the_pool_is_of_all_languages_whichever_are_scored(tmp_path):
    squad(tmp_path, "en", ENGLISH)
    squad(tmp_path, "de", GERMAN)
    test = read_test_set(source(tmp_path), Lareqa(), "test", ["de"])
    assert list(test.by_language) == ["de"]
    assert {candidate.language for candidate in test.candidates} == {"de", "en"}


def test_xquad_itself_lacks_the_boundaries(tmp_path):
    squad(tmp_path, "en", {key: value for key, value in ENGLISH.items() if key != "sentence_breaks"})
    with pytest.raises(DataError, match=r"en\.json, paragraph 1: no column 'sentence_breaks'"):
        source(tmp_path).examples(Lareqa(), "test", "en")
    (tmp_path / "lareqa/xquad-r/en.json").write_text("[]")
    with pytest.raises(DataError, match="expected SQuAD's layout"):
        source(tmp_path).examples(Lareqa(), "test", "en")
    (tmp_path / "lareqa/xquad-r/en.json").write_text("{")
    with pytest.raises(DataError, match="not JSON"):
        source(tmp_path).examples(Lareqa(), "test", "en")


def training(root, *paragraphs):
    (root / "squad").mkdir(exist_ok=True)
    content = json.dumps({"data": [{"paragraphs": [each]} for each in paragraphs]})
    (root / "squad" / "train-v1.1.json").write_text(content, encoding="utf-8")
    return source(root).examples(Lareqa(), "train", "en")


@pytest.mark.parametrize("borders", [True, False])
def test_training_questions_know_the_sentence_that_answers_them(tmp_path, borders):
    paragraph = ENGLISH if borders else {key: value for key, value in ENGLISH.items() if key != "sentence_breaks"}
    found = training(tmp_path, SILENT, paragraph)
    assert [(each.id, each.query, each.gold) for each in found] == [
        ("q1", "What did it do?", "q1"),
        ("q2", "Who came?", "q2"),
    ]
    answers = [each.answer for each in found]
    assert [(each.text, each.context, each.language) for each in answers] == [
        ("It rained.", ENGLISH["context"], "en"),
        ("Nobody came.", ENGLISH["context"], "en"),
    ]


def test_a_training_question_without_an_answer_is_an_error(tmp_path):
    bare = {**ENGLISH, "qas": [{"id": "q9", "question": "Why?", "answers": []}]}
    with pytest.raises(DataError, match=r"train-v1\.1\.json, paragraph 1, question q9: no answer to learn from"):
        training(tmp_path, bare)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? 4 it is.", ["One.", "Two!", "Three?", "4 it is."]),
        ("Mr. A. Smith of the U.S. Army won. He left", ["Mr. A. Smith of the U.S. Army won.", "He left"]),
        ('He said "No." Then he left.  ', ['He said "No."', "Then he left."]),
        ("It cost 3.5 dollars, e.g. in May.", ["It cost 3.5 dollars, e.g. in May."]),
        (" ", []),
    ],
)
def test_sentences_by_rule(text, expected):
    assert [text[start:end] for start, end in sentences(text)] == expected


def test_mentions_to_train_on_know_their_entity(tmp_path):
    (tmp_path / "mewslix").mkdir()
    whole = article("en", "Smith left. He saw Rome.", (19, 23, "Q220"))
    entity = {
        "entity_id": "Q220",
        "description": "A city.",
        "description_language": "en",
        "sentence_spans": [{"start": 0, "end": 7}],
    }
    pair = {"contextual_mention": {"context": whole["context"], "mention": whole["mentions"][0]}, "entity": entity}
    path = tmp_path / "mewslix" / "wikipedia_pairs-train.jsonl"
    path.write_text(json.dumps(pair) + "\n", encoding="utf-8")
    rome = Candidate("Q220", "A city.", "en", ("Q220",))
    expected = RankingExample("en-19", "Rome: He saw { Rome } .", "Q220", rome)
    assert source(tmp_path).examples(Mewslix(), "train", "en") == [expected]
    path.write_text(json.dumps({"contextual_mention": pair["contextual_mention"]}) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"train\.jsonl, line 1: no column 'entity'"):
        source(tmp_path).examples(Mewslix(), "train", "en")


def mentions(root, *articles):
    (root / "mewslix").mkdir(exist_ok=True)
    lines = "".join(json.dumps(article) + "\n" for article in articles)
    (root / "mewslix" / "wikinews_mentions-dev.jsonl").write_text(lines, encoding="utf-8")


def article(language, text, *spans):
    sentences = [{"start": 0, "end": text.index(".") + 1}, {"start": text.index(".") + 2, "end": len(text)}]
    return {
        "context": {"language": language, "text": text, "sentence_spans": sentences},
        "mentions": [
            {
                "example_id": f"{language}-{start}",
                "entity_id": entity,
                "mention_span": {"start": start, "end": end, "text": text[start:end]},
            }
            for start, end, entity in spans
        ],
    }


def test_mentions_are_read_with_their_sentence(tmp_path):
    mentions(
        tmp_path,
        article("de", "Nichts. In {Rom} sah Cäsar\nRom.", (27, 30, "Q220")),
        article("en", "Smith left. He saw Rome.", (0, 5, "Q1"), (19, 23, "Q220")),
        article("de", "Ada kam. Dann ging sie.", (0, 3, "Q7")),
    )
    data = source(tmp_path)
    assert data.languages(Mewslix(), "dev") == ("de", "en")
    assert data.examples(Mewslix(), "dev", "de") == [
        RankingExample("de-27", "Rom: In (Rom) sah Cäsar { Rom } .", "Q220"),
        RankingExample("de-0", "Ada: { Ada } kam.", "Q7"),
    ]
    assert [each.query for each in data.examples(Mewslix(), "dev", "en")] == [
        "Smith: { Smith } left.",
        "Rome: He saw { Rome } .",
    ]


def test_a_mention_in_no_sentence_is_an_error(tmp_path):
    mentions(tmp_path, article("de", "Das. Ist es.", (2, 7, "Q1")))
    with pytest.raises(DataError, match=r"dev\.jsonl, line 1: the mention 's. Is' \(2 to 7\) is in no sentence"):
        source(tmp_path).examples(Mewslix(), "dev", "de")


def test_entities_are_the_sentences_of_their_description(tmp_path):
    (tmp_path / "mewslix").mkdir()
    spans = [{"start": 0, "end": 4}, {"start": 9, "end": 13}]
    entity = {"entity_id": "Q1", "description": "One. Nil Two\n", "description_language": "sw", "sentence_spans": spans}
    (tmp_path / "mewslix/candidate_set_entities.jsonl").write_text(json.dumps(entity) + "\n")
    assert source(tmp_path).candidates(Mewslix(), "test") == [Candidate("Q1", "One. Two", "sw", ("Q1",))]


def test_a_pool_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"no candidates for mewslix test \(looked for mewslix/candidate_set"):
        source(tmp_path).candidates(Mewslix(), "test")
    with pytest.raises(DataError, match="no candidates for tatoeba test"):
        source(tmp_path).candidates(Tatoeba(), "test")
    with pytest.raises(DataError, match="there are no candidates for lareqa"):
        open_source(SourceSettings(source="lab")).candidates(Lareqa(), "test")
    with pytest.raises(DataError, match="tatoeba has no pool"):
        list(Tatoeba().read_candidates(tmp_path / "x", "de"))
