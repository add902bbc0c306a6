"""The lab's tasks: balanced, parallel over languages, disjoint in meaning, and right."""

from collections import Counter

import pytest

from crosslift.api.examples import EXAMPLE_OF, texts
from crosslift.lab import PRESETS, Event, State, World, lab_task_names
from crosslift.lab.chance import Draws
from crosslift.lab.concepts import EFFECTS, OPPOSITE_PROPERTY
from crosslift.lab.splits import split_of
from crosslift.lab.tasks import LAB_TASKS
from crosslift.lab.tasks.command import INTENTS

CODES = [language.code for language in PRESETS]
SPLITS = ("train", "dev", "test")


@pytest.fixture(scope="module")
def world():
    return World(seed=0)


def _draw(task, split, count):
    return [problem for _, problem in zip(range(count), LAB_TASKS[task].problems(Draws(7, task), split), strict=False)]


def _meanings(value):
    """Return all meanings inside a problem, however it is built."""
    if isinstance(value, Event | State):
        return {value}
    if isinstance(value, tuple):
        return {meaning for item in value for meaning in _meanings(item)}
    slots = getattr(value, "__slots__", ())
    return {meaning for slot in slots for meaning in _meanings(getattr(value, slot))}


@pytest.mark.parametrize("task", lab_task_names())
@pytest.mark.parametrize("split", SPLITS)
def test_all_meanings_of_a_problem_belong_to_its_split(task, split):
    meanings = {
        meaning for problem in _draw(task, split, 4 if task == "mining" else 60) for meaning in _meanings(problem)
    }
    assert len(meanings) > 20
    assert {split_of(meaning) for meaning in meanings} == {split}


@pytest.mark.parametrize("task", lab_task_names())
def test_examples_are_parallel_over_languages(world, task):
    count = 1 if task == "mining" else 30
    by_language = {code: world.examples(task, code, "test", count) for code in CODES}
    for examples in by_language.values():
        assert [example.id for example in examples] == [example.id for example in by_language["qaa"]]
        assert all(isinstance(example, EXAMPLE_OF[LAB_TASKS[task].task_type]) for example in examples)
    for field in ("label", "gold"):
        if hasattr(by_language["qaa"][0], field):
            golds = {code: [getattr(one, field) for one in examples] for code, examples in by_language.items()}
            assert all(gold == golds["qaa"] for gold in golds.values())
    said = {tuple(map(texts, examples)) for examples in by_language.values()}
    assert len(said) == len(CODES), "every language says it differently"


@pytest.mark.parametrize("task", lab_task_names())
def test_seeds_and_splits_draw_different_examples_under_different_ids(world, task):
    count = 1 if task == "mining" else 30
    draws = [world.examples(task, "qaa", split, count, seed=seed) for split in SPLITS for seed in (0, 1)]
    assert len({example.id for examples in draws for example in examples}) == 6 * count
    assert len({tuple(map(texts, examples)) for examples in draws}) == 6


@pytest.mark.parametrize("task", ["nli", "paraphrase", "topic", "intent", "causal"])
def test_labels_are_balanced_and_declared(world, task):
    examples = world.examples(task, "qaa", "train", 1260)
    counts = Counter(example.label for example in examples)
    classes = len(LAB_TASKS[task].labels) or 2
    assert len(counts) == classes
    assert set(counts) == set(LAB_TASKS[task].labels or (0, 1))
    assert max(counts.values()) - min(counts.values()) <= (100 if task == "causal" else 0)


@pytest.mark.parametrize("task", ["pos", "ner", "slots", "joint"])
@pytest.mark.parametrize("code", CODES)
def test_tags_are_declared_and_one_a_word(world, task, code):
    examples = world.examples(task, code, "test", 150)
    for example in examples:
        assert len(example.words) == len(example.tags)
        for before, tag in zip(("O", *example.tags), example.tags, strict=False):
            assert not tag.startswith("I-") or before[2:] == tag[2:]
    used = {tag for example in examples for tag in example.tags}
    assert used <= set(LAB_TASKS[task].labels)
    assert len(used) > 4


def test_tags_move_with_their_words(world):
    source, target = (world.examples("pos", code, "test", 100) for code in ("qaa", "qah"))
    for left, right in zip(source, target, strict=True):
        content = [Counter(tag for tag in one.tags if tag in {"NOUN", "VERB", "ADJ", "PROPN"}) for one in (left, right)]
        assert content[0] == content[1]
    assert any(left.tags != right.tags for left, right in zip(source, target, strict=True))


def test_ner_tags_are_on_capitalised_words_only(world):
    for example in world.examples("ner", "qab", "train", 200):
        assert [word[0].isupper() for word in example.words] == [tag != "O" for tag in example.tags]


@pytest.mark.parametrize("code", CODES)
def test_span_qa_answers_stand_where_they_say(world, code):
    for example in world.examples("span_qa", code, "test", 100):
        (answer,) = example.answers
        assert example.context[answer.start : answer.start + len(answer.text)] == answer.text
        assert example.question.endswith("?")
        assert f" {answer.text} " in f" {example.context} "


def test_paraphrase_pairs_use_the_same_words(world):
    """In a language without cases, so that swapped roles do not change a form."""
    for example in world.examples("paraphrase", "qaa", "train", 300):
        assert sorted(example.first.split()) == sorted(example.second.split())
        assert example.first != example.second


def test_causal_choices_are_opposites_and_the_right_one_follows():
    for problem in _draw("causal", "train", 300):
        right, wrong = problem.choices[problem.label], problem.choices[1 - problem.label]
        event, state = (right, problem.premise) if problem.question == "cause" else (problem.premise, right)
        role, quality = EFFECTS[event.action]
        assert state.property == quality
        assert state.thing == (event.agent if role == "agent" else event.patient)
        if problem.question == "cause":
            assert EFFECTS[wrong.action] == (role, OPPOSITE_PROPERTY[quality])
        else:
            assert wrong.property == OPPOSITE_PROPERTY[quality]


def test_mining_gold_pairs_are_the_translations(world):
    (near,) = world.examples("mining", "qaa", "test", 1)
    source, target = dict(near.source), dict(near.target)
    assert len(source) == len(target) == 200
    assert all(source[left] == target[right] for left, right in near.gold)
    assert len(set(source.values()) & set(target.values())) == len(near.gold) == 80


def test_retrieval_never_repeats_a_source_sentence(world):
    examples = world.examples("retrieval", "qag", "test", 400)
    assert len({example.source for example in examples}) == 400
    assert all(example.source != example.target for example in examples)


def test_the_joint_task_has_an_intent_and_slots_that_move_with_their_words(world):
    first, second = (world.examples("joint", code, "test", 60) for code in ("qaa", "qah"))
    assert Counter(example.intent for example in first) == Counter(example.intent for example in second)
    assert len({example.intent for example in first}) == len(INTENTS)
    for one, other in zip(first, second, strict=True):
        assert one.intent == other.intent
        assert {tag[2:] for tag in one.tags} == {tag[2:] for tag in other.tags}
    assert any(one.tags != other.tags for one, other in zip(first, second, strict=True))


def test_intent_and_slots_are_about_the_same_commands(world):
    intents, slots = (world.examples(task, "qad", "train", 50) for task in ("intent", "slots"))
    assert all("B-time" in LAB_TASKS["slots"].labels for _ in slots)
    assert {len(example.text.split()) for example in intents} == {len(example.words) for example in slots}
