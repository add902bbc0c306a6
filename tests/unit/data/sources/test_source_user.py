"""The user's tasks, defined in a recipe."""

from __future__ import annotations

import json

import pytest

from crosslift import recipe
from crosslift.api.examples import (
    Answer,
    ExtractiveQAExample,
    MultipleChoiceExample,
    PairExample,
    RetrievalExample,
    SentenceExample,
    TaggingExample,
)
from crosslift.data.sources import SourceSettings, find_task, open_source
from crosslift.data.test_data import read_test_set
from crosslift.errors import DataError, RecipeError


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def opened(root, **task):
    """Return the task and the source of settings with one task."""
    settings = SourceSettings.model_validate({"path": root, "task": [{"name": "mine", **task}]})
    return find_task("mine", settings), open_source(settings)


REVIEWS = {
    "train.csv": 'review,stars\n"Good, very.",5\nBad.,1\nFine.,10\n',
    "data/de.csv": "review,stars\nGut.,10\n",
    "data/en.csv": "review,stars\nGood.,5\n",
}
SENTENCE = {
    "task_type": "sentence",
    "columns": {"text": "review", "label": "stars"},
    "files": {"train": "train.csv", "test": "data/{language}.csv"},
}


def test_a_csv_becomes_a_task(tmp_path):
    write(tmp_path, REVIEWS)
    task, data = opened(tmp_path, **SENTENCE)
    assert (task.name, task.task_type, task.labels) == ("mine", "sentence", ("1", "5", "10"))
    assert task.metrics == ("accuracy", "macro_f1")
    assert data.examples(task, "train", "en")[0] == SentenceExample("0", "Good, very.", "5")
    assert read_test_set(data, task, "test", None).by_language == {
        "de": [SentenceExample("0", "Gut.", "10")],
        "en": [SentenceExample("0", "Good.", "5")],
    }
    assert set(data.describe()["own_files"]) == {str(tmp_path / name) for name in REVIEWS}


def test_labels_metrics_and_languages_are_as_stated(tmp_path):
    write(tmp_path, REVIEWS)
    files = SENTENCE["files"] | {"test": {"path": "data/de.csv", "language": "de", "labels": {"10": "5"}}}
    stated = SENTENCE | {"files": files, "labels": ["1", "5", "10", "0"], "metrics": ["macro_f1"], "source": "fr"}
    task, data = opened(tmp_path, **stated)
    assert (task.labels, task.metrics, task.source) == (("1", "5", "10", "0"), ("macro_f1",), "fr")
    assert data.languages(task, "train") == ("fr",)
    assert data.examples(task, "test", "de") == [SentenceExample("0", "Gut.", "5")]


def test_pairs_of_json_lines(tmp_path):
    rows = [{"q": "One?", "a": "Two.", "ok": True}, {"q": "Three?", "a": "Four.", "ok": False}]
    write(tmp_path, {"train.jsonl": "".join(json.dumps(row) + "\n" for row in rows)})
    columns = {"first": "q", "second": "a", "label": "ok"}
    task, data = opened(tmp_path, task_type="pair", columns=columns, files={"train": "train.jsonl"})
    assert task.labels == ("false", "true")
    assert data.examples(task, "train", "en")[0] == PairExample("0", "One?", "Two.", "true")


@pytest.mark.parametrize(
    ("name", "text", "columns"),
    [
        ("train.conll", "Ann B-PER\nruns O\n\nRome B-LOC\n", {}),
        ("train.tsv", "Ann\tB-PER\nruns\tO\n\nRome\tB-LOC\n", {}),
        ("train.csv", "sentence,ner\nAnn runs,B-PER O\nRome,B-LOC\n", {"words": "sentence", "tags": "ner"}),
        (
            "train.jsonl",
            '{"tokens": ["Ann", "runs"], "ner": ["B-PER", "O"]}\n{"tokens": ["Rome"], "ner": ["B-LOC"]}\n',
            {"words": "tokens", "tags": "ner"},
        ),
    ],
)
def test_words_with_tags_in_every_format(tmp_path, name, text, columns):
    write(tmp_path, {name: text})
    task, data = opened(tmp_path, task_type="tagging", columns=columns, files={"train": name})
    assert task.labels == ("O", "B-LOC", "B-PER")
    assert task.metrics == ("tagging_f1", "tagging_accuracy")
    assert data.examples(task, "train", "en") == [
        TaggingExample("0", ("Ann", "runs"), ("B-PER", "O")),
        TaggingExample("1", ("Rome",), ("B-LOC",)),
    ]


def test_the_columns_determine_the_choices_and_a_question_is_optional(tmp_path):
    text = "story,choice1,choice2,choice3,right\nA.,b,c,d,B\nE.,f,g,h,A\nI.,j,k,l,C\n"
    write(tmp_path, {"train.csv": text})
    task, data = opened(
        tmp_path,
        task_type="multiple_choice",
        columns={"premise": "story", "label": "right"},
        files={"train": "train.csv"},
    )
    assert task.labels == ()
    assert [example.label for example in data.examples(task, "train", "en")] == [1, 0, 2]
    assert data.examples(task, "train", "en")[0] == MultipleChoiceExample("0", "A.", "", ("b", "c", "d"), 1)


def test_choices_with_given_names(tmp_path):
    row = {"p": "A.", "q": "why?", "one": "b", "two": "c", "gold": 0}
    write(tmp_path, {"test-de.jsonl": json.dumps(row) + "\n"})
    columns = {"premise": "p", "question": "q", "choice1": "one", "choice2": "two", "label": "gold"}
    stated = {
        "task_type": "multiple_choice",
        "columns": columns,
        "labels": ["0", "1"],
        "files": {"test": "test-{language}.jsonl"},
    }
    task, data = opened(tmp_path, **stated)
    assert data.examples(task, "test", "de") == [MultipleChoiceExample("0", "A.", "why?", ("b", "c"), 0)]


def test_retrieval(tmp_path):
    write(tmp_path, {"de.tsv": "en\tde\nOne.\tEins.\n"})
    task, data = opened(
        tmp_path, task_type="retrieval", columns={"source": "en", "target": "de"}, files={"test": "{language}.tsv"}
    )
    assert data.examples(task, "test", "de") == [RetrievalExample("0", "One.", "Eins.")]


SPAN = {
    "task_type": "extractive_qa",
    "columns": {"context": "paragraph", "answers": "answer"},
    "files": {"train": "train.csv", "test": "{language}.jsonl"},
}
CONTEXT = "Ann saw Bo, and Bo saw Cy."


def span_rows(root, *rows):
    write(root, {"train.csv": f'question,paragraph,answer\nWho?,"{CONTEXT}",Bo\n'})
    write(
        root,
        {"de.jsonl": "".join(json.dumps({"question": "Wer?", "paragraph": CONTEXT, **row}) + "\n" for row in rows)},
    )


def test_answers_are_texts_lists_or_in_squads_format(tmp_path):
    span_rows(
        tmp_path,
        {"answer": "Bo"},
        {"answer": "Bo", "start": 16},
        {"answer": ["Cy", "Bo saw Cy"], "start": [23, 16]},
        {"answer": ["Ann"]},
        {"answer": [{"text": "Bo", "answer_start": 16}]},
        {"answer": {"text": ["Bo", "Cy"], "answer_start": [8, 23]}},
        {"answer": "", "start": ""},
    )
    task, data = opened(tmp_path, **SPAN)
    assert (task.task_type, task.labels, task.metrics) == ("extractive_qa", (), ("f1", "exact_match"))
    assert data.examples(task, "train", "en") == [ExtractiveQAExample("0", "Who?", CONTEXT, (Answer("Bo", 8),))]
    assert [example.answers for example in data.examples(task, "test", "de")] == [
        (Answer("Bo", 8),),
        (Answer("Bo", 16),),
        (Answer("Cy", 23), Answer("Bo saw Cy", 16)),
        (Answer("Ann", 0),),
        (Answer("Bo", 16),),
        (Answer("Bo", 8), Answer("Cy", 23)),
        (),
    ]


def test_starts_of_answers_in_a_csv_file(tmp_path):
    write(tmp_path, {"train.csv": f'question,context,answers,at\nWho?,"{CONTEXT}",Bo,16\n'})
    task, data = opened(tmp_path, task_type="extractive_qa", columns={"start": "at"}, files={"train": "train.csv"})
    assert data.examples(task, "train", "en")[0].answers == (Answer("Bo", 16),)
    write(tmp_path, {"train.csv": f'question,context,answers,att\nWho?,"{CONTEXT}",Bo,16\n'})
    with pytest.raises(DataError, match=r"train.csv, line 2, column 'at': empty; the start of an answer"):
        data.examples(task, "train", "en")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"answer": "Di"}, "column 'answer': the answer 'Di' is not in the context$"),
        ({"answer": "bo"}, "the answer 'bo' is not in the context; 'Bo' is"),
        ({"answer": "Bo", "start": 9}, "start at character 9 of the context, counted from 0, but 'o,' .*starts at 8"),
        ({"answer": "Bo", "start": -2}, "the answer's start is '-2'; a whole number is expected"),
        ({"answer": "Bo", "start": "x"}, "the answer's start is 'x'"),
        ({"answer": ["Bo", "Cy"], "start": [8]}, r"2 answer\(s\), but 1 start\(s\)"),
        ({"answer": "", "start": 8}, r"0 answer\(s\), but 1 start\(s\)"),
        ({"answer": 5}, "an answer is a int; text is expected"),
        ({"answer": [{"text": "Bo", "answer_start": 9}]}, "start at character 9"),
        ({"answer": [{"text": "Bo"}]}, "is not an answer; expected"),
        ({"answer": "Bo", "question": " "}, "the question is empty"),
        ({"answer": "Bo", "paragraph": 3}, "column 'context' of mine contains a value of type int"),
    ],
)
def test_wrong_answers_name_file_and_line(tmp_path, row, message):
    span_rows(tmp_path, {"answer": "Bo"}, row)
    task, data = opened(tmp_path, **SPAN)
    with pytest.raises(DataError, match=f"de.jsonl, line 2.*{message}"):
        data.examples(task, "test", "de")


def test_training_questions_without_a_column_of_answers(tmp_path):
    span_rows(tmp_path, {"answer": "Bo"})
    with pytest.raises(DataError, match=r"train.csv, line 2: no column 'anser'; did you mean 'answer'.*no answers"):
        opened(tmp_path, **SPAN | {"columns": {"context": "paragraph", "answers": "anser"}})


def test_user_tasks_and_those_of_a_directory(tmp_path):
    write(tmp_path, REVIEWS | {"xnli/dev-de.tsv": "Eins.\tZwei.\tneutral\n"})
    settings = SourceSettings.model_validate(
        {"source": "directory", "path": tmp_path, "task": [{"name": "mine", **SENTENCE}]}
    )
    data = open_source(settings)
    assert len(data.examples(find_task("xnli", settings), "dev", "de")) == 1
    assert len(data.examples(find_task("mine", settings), "train", "en")) == 3
    described = data.describe()
    assert (described["source"], len(described["files"]), len(described["own_files"])) == ("directory", 1, 1)


WRONG = {
    "a column that is not there": (
        SENTENCE | {"columns": {"text": "reviews", "label": "stars"}},
        "train.csv, line 2: no column 'reviews'; did you mean 'review'",
    ),
    "a label column that is not there": (
        SENTENCE | {"columns": {"text": "review", "label": "star"}},
        "train.csv, line 2: no column 'star'; did you mean 'stars'.*no labels to learn",
    ),
    "no training file": (SENTENCE | {"files": {"test": "data/{language}.csv"}}, "neither given"),
    "a file that is not there": (
        SENTENCE | {"files": {"train": "trian.csv"}},
        "no such file.*did you mean 'train.csv'",
    ),
    "one label": (SENTENCE | {"columns": {"text": "review", "label": "same"}}, "has 1 label"),
    "texts for labels": (
        SENTENCE | {"columns": {"text": "n", "label": "n"}, "files": {"train": "many.csv"}},
        "has 99 different values in 99 rows",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_mistakes_in_files_name_file_line_and_column(tmp_path, case):
    many = "n\n" + "".join(f"text {number}\n" for number in range(99))
    files = {**REVIEWS, "many.csv": many}
    if case == "one label":
        files["train.csv"] = "review,same\nGood.,x\nBad.,x\n"
    write(tmp_path, files)
    task, message = WRONG[case]
    with pytest.raises(DataError, match=message):
        opened(tmp_path, **task)


def test_a_label_that_training_lacks_names_file_line_and_column(tmp_path):
    write(tmp_path, REVIEWS | {"data/de.csv": "review,stars\nGut.,10\nNaja.,11\n"})
    task, data = opened(tmp_path, **SENTENCE)
    with pytest.raises(DataError, match=r"de.csv, line 3, column 'stars': '11' is not a label of mine; did you"):
        data.examples(task, "test", "de")


def test_every_choice_needs_a_name(tmp_path):
    write(tmp_path, {"train.csv": "premise,choice1,choice2,choice3,label\nA.,b,c,d,1\nE.,f,g,h,2\n"})
    with pytest.raises(DataError, match=r"3 choices \(choice1, choice2, choice3\), but the labels are 1, 2"):
        opened(tmp_path, task_type="multiple_choice", files={"train": "train.csv"})


RECIPE = {"name": "x", "encoder": {"model": "m"}, "evaluate": [{"task": "mine"}]}


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"name": "mein"}, "unknown task 'mine'; did you mean 'mein'"),
        ({"name": "xnli"}, "data.task.0.name: crosslift has a task 'xnli' already"),
        ({"columns": {"txt": "review"}}, "a 'sentence' task has no 'txt'; did you mean 'text'"),
        ({"metrics": ["acuracy"]}, "data.task.0.metrics.0: unknown metric 'acuracy'; did you mean 'accuracy'"),
        (
            {"metrics": ["slot_f1"]},
            r"data.task.0: metrics: 'slot_f1' cannot score a 'sentence' task \(available: accuracy, macro_f1, ndcg\)",
        ),
        (
            {"task_type": "multiple_choice", "metrics": ["macro_f1"]},
            r"'macro_f1' cannot score a 'multiple_choice' task \(available: accuracy\)",
        ),
        ({"colums": {}}, "unknown key 'data.task.0.colums'; did you mean 'columns'"),
        ({"files": {"train": {"pth": "a"}}}, "unknown key 'data.task.0.files.train.pth'; did you mean 'path'"),
        ({"task_type": "sentense"}, "data.task.0.task_type"),
        ({"labels": ["a", "a"]}, "a label is named twice"),
        ({"task_type": "extractive_qa", "labels": ["a"]}, "a 'extractive_qa' task has none"),
        (
            {"task_type": "extractive_qa", "columns": {"anwers": "a"}},
            "a 'extractive_qa' task has no 'anwers'; did you mean 'answers'",
        ),
    ],
)
def test_mistakes_in_the_recipe(task, message):
    stated = {"name": "mine", "task_type": "sentence", "files": {"test": "a.csv"}} | task
    with pytest.raises(RecipeError, match=message):
        recipe.build(RECIPE | {"data": {"task": [stated]}}, where="r.toml")


def test_the_recipe_is_written_back_as_it_was(tmp_path):
    stated = {"name": "mine", **SENTENCE}
    made = recipe.build(RECIPE | {"data": {"task": [stated]}}, where="r.toml")
    path = tmp_path / "recipe.toml"
    path.write_text(recipe.to_toml(made))
    assert recipe.load(path) == made
