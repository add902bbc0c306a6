"""NLI: the labels follow from the meanings, and the hypothesis alone does not give them away."""

import numpy as np
import pytest

from crosslift.lab import World
from crosslift.lab.chance import Draws
from crosslift.lab.concepts import ACTIONS, KIND_OF, OPPOSITE_PROPERTY
from crosslift.lab.inference import LABELS, NEGATED
from crosslift.lab.tasks.nli import Nli

WORLD = World(seed=0)


def _noun(premise, hypothesis):
    if hypothesis in (premise, KIND_OF.get(premise)):
        return "entailment"
    return "neutral" if KIND_OF.get(hypothesis) == premise else "contradiction"


def _property(premise, hypothesis):
    if hypothesis in (None, premise):
        return "entailment"
    return "contradiction" if premise and OPPOSITE_PROPERTY[hypothesis] == premise else "neutral"


def _adjunct(premise, hypothesis):
    if hypothesis in (None, premise):
        return "entailment"
    return "contradiction" if premise else "neutral"


def _action(premise, hypothesis):
    if premise == hypothesis:
        return "entailment"
    return "contradiction" if ACTIONS[premise].opposite == hypothesis else "neutral"


def _thing(premise, hypothesis):
    if premise is None:
        return []
    return [_noun(premise.noun, hypothesis.noun), _property(premise.property, hypothesis.property)]


def _judged(premise, hypothesis):
    """Decide by natural logic, part by part, in a scene that both sentences speak of: none of the lab's own code."""
    relations = [
        *_thing(premise.agent, hypothesis.agent),
        *_thing(premise.patient, hypothesis.patient),
        _action(premise.action, hypothesis.action),
        _adjunct(premise.place, hypothesis.place),
        _adjunct(premise.time, hypothesis.time),
    ]
    label = next((label for label in ("contradiction", "neutral") if label in relations), "entailment")
    flipped = {"entailment": "contradiction", "contradiction": "entailment", "neutral": "neutral"}
    return flipped[label] if hypothesis.negated else label


@pytest.mark.parametrize("split", ["train", "test"])
def test_labels_follow_from_the_meanings(split):
    problems = Nli().problems(Draws(11), split)
    for _, problem in zip(range(900), problems, strict=False):
        assert _judged(problem.premise, problem.hypothesis) == problem.label, problem


def test_three_hypotheses_a_premise_one_of_each_label():
    examples = WORLD.examples("nli", "qaa", "train", 300)
    for start in range(0, 300, 3):
        triple = examples[start : start + 3]
        assert len({example.first for example in triple}) == 1
        assert {example.label for example in triple} == set(LABELS)


def test_premises_are_affirmative_and_hypotheses_negated_as_often_as_announced():
    problems = [problem for _, problem in zip(range(6000), Nli().problems(Draws(12), "train"), strict=False)]
    assert not any(problem.premise.negated for problem in problems)
    for label in LABELS:
        negated = [problem.hypothesis.negated for problem in problems if problem.label == label]
        assert np.mean(negated) == pytest.approx(NEGATED[label], abs=0.03)


def test_hypothesis_only_baseline_is_near_chance():
    """Naive Bayes over the words of one text; chance is a third."""
    train, test = (WORLD.examples("nli", "qaa", split, count) for split, count in (("train", 9000), ("test", 1500)))
    assert _bayes_accuracy(train, test, lambda example: example.second) < 0.40
    both = _bayes_accuracy(train, test, _overlap)
    assert both > 0.5, "the classifier does learn when there is something to learn"


def _overlap(example):
    """One word: how many words the premise lacks, the negation being one by itself."""
    negation = WORLD.grammar("qaa").vocabulary.form("not")
    words = set(example.second.split())
    return f"{len(words - set(example.first.split()) - {negation})}{negation in words}"


def _bayes_accuracy(train, test, text):
    words = {word: index for index, word in enumerate(sorted({word for one in train for word in text(one).split()}))}

    def features(examples):
        rows = np.zeros((len(examples), len(words)))
        for row, example in zip(rows, examples, strict=True):
            row[[words[word] for word in text(example).split() if word in words]] = 1
        return rows, np.array([LABELS.index(example.label) for example in examples])

    rows, labels = features(train)
    rates = np.array([(rows[labels == label].sum(axis=0) + 1) / (sum(labels == label) + 2) for label in range(3)])
    rows, labels = features(test)
    scores = rows @ np.log(rates).T + (1 - rows) @ np.log(1 - rates).T
    return float(np.mean(scores.argmax(axis=1) == labels))
