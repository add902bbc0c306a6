"""The contract of a task, which every file of the registry and that of the how-to page must keep."""

from __future__ import annotations

from typing import get_args

import pytest

from crosslift import languages
from crosslift.api import registry
from crosslift.api.examples import EXAMPLE_OF, Split, TaskType, texts
from crosslift.api.records import RECORD_TYPE_OF
from crosslift.api.task import Task
from tests.contracts import pages

CLASSIFIES = ("sentence", "pair", "tagging", "intent_slot")
SPLITS = get_args(Split)


@pytest.fixture(params=pages.names("task"))
def task(request) -> Task:
    made: Task = registry.load("task", request.param)()
    return made


def test_it_says_what_it_is(task):
    entry = registry.entries("task")[task.name]
    assert entry.summary
    assert task.citation
    assert task.licence
    assert task.task_type in get_args(TaskType)


def test_its_metrics_take_the_records_of_its_type(task):
    assert task.metrics
    for name in task.metrics:
        metric = registry.load("metric", name)(task.labels)
        assert metric.name == name
        assert metric.record_type == RECORD_TYPE_OF[task.task_type]


def test_it_has_labels_if_it_classifies(task):
    assert (bool(task.labels) or task.open_labels) == (task.task_type in CLASSIFIES)
    assert not (task.labels and task.open_labels)
    assert len(set(task.labels)) == len(task.labels)


def test_its_languages_are_known_and_differ(task):
    known = [(languages.get(code), code.partition("-")[2]) for code in task.languages]  # zh-CN and zh-TW are two
    assert len(set(known)) == len(known)
    languages.get(task.source)


def test_its_groups_are_of_its_languages(task):
    assert all(set(group) <= set(task.languages) for group in task.groups.values())


def test_its_facts_are_of_its_languages_and_splits(task):
    for split, counts in task.facts.items():
        assert split in task.files
        assert set(counts) <= {*task.languages, *([task.source] if split != "test" else [])}
        assert all(count > 0 for count in counts.values())
    assert task.facts.get("train", {}).keys() <= {task.source, *task.languages}


def test_its_files_name_the_language(task):
    for split, patterns in task.files.items():
        assert split in SPLITS
        assert patterns
        # A path without it is in the source language, the only one of some training data.
        only_source = set(task.facts.get(split, ())) <= {task.source} or task.languages == (task.source,)
        looks = type(task).languages_in is not Task.languages_in
        named = any("{language}" in pattern for pattern in patterns)
        assert looks or named or split == "train" or only_source


def test_languages_on_request_and_codes_of_files_are_of_its_languages(task):
    assert set(task.on_request) < set(task.languages)
    assert set(task.file_codes) <= set(task.languages)
    assert len(set(task.file_codes.values())) == len(task.file_codes)


def test_a_ranking_task_has_a_pool(task):
    assert bool(task.pools) == (task.task_type == "ranking")
    assert set(task.pools) <= set(task.files)


def test_it_can_lack_only_answers(task):
    assert set(task.answers) < set(task.columns)
    assert set(task.needed) == set(task.columns) - set(task.answers)


def test_its_hub_names_are_of_its_columns_and_languages(task):
    if task.hub is None:
        pytest.skip("not on the hub")
    assert set(task.hub.columns) <= set(task.columns)
    assert set(task.hub.languages) <= set(task.languages)
    assert set(task.hub.splits) <= set(SPLITS)
    assert len(set(task.hub.languages.values())) == len(task.hub.languages)
    assert "id" in task.columns or not task.hub.id_prefix


VALUES = {
    "index_id": "7",
    "words": ["one", "two"],
    "question": "cause",
    "ask-for": "cause",
    "tags": ["B-one", "O"],
    "utterance": "a text of four",
    "slot_labels": "O B-one I-one O",
    "utt": "one two three",
    "annot_utt": "one [slot : two three]",
    "slots": "0:3:SL:ONE",
    "tokens": '{"tokens": ["one", "two"], "tokenSpans": [{"start": 0, "length": 3}, {"start": 4, "length": 3}]}',
}
ANSWERS = {"answers": [{"text": "text", "answer_start": 0}], "id": "q"}
"""The answer columns of questions."""


def row(task):
    """Return a row with a text in each column, and the first label as answer."""
    made = {column: VALUES.get(column, f"text of {column}") for column in task.needed}
    if task.task_type == "extractive_qa":
        return made | ANSWERS
    if task.task_type == "mining":
        return {"source": [["a", "text"]], "target": [["b", "text"]], "gold": [["a", "b"]]}
    first = task.labels[0] if task.labels else "1"  # the index of a choice
    if task.task_type == "intent_slot":
        return made | {column: VALUES.get(column, "intent") for column in task.answers}
    return made | dict.fromkeys(task.answers, [first] * 2 if task.task_type == "tagging" else first)


def test_a_row_becomes_an_example_of_its_task_type(task):
    example = task.from_row(row(task), 3, where="here")
    assert isinstance(example, EXAMPLE_OF[task.task_type])
    assert example.id
    assert all(texts(example))
    if task.open_labels:
        assert {example.intent, *example.tags} <= set(task.labels_in([example]))


def test_a_row_without_answers_becomes_an_example_without_gold(task):
    bare = {column: value for column, value in row(task).items() if column in task.needed}
    example = task.from_row(bare, 3, where="here")
    assert texts(example) == texts(task.from_row(row(task), 3, where="here"))
    if task.answers:
        assert example != task.from_row(row(task), 3, where="here")
