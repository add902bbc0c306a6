"""Translate-train and translate-test: the data, the training, and the warnings in the results."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crosslift import recipe as recipes
from crosslift.api.examples import PairExample, TaggingExample
from crosslift.encoder.encoder import Encoder
from crosslift.errors import DataError, LanguageError, RecipeError
from crosslift.heads.task_model import TaskModel
from crosslift.lab import shared_world
from crosslift.pipeline.inputs.read import RunData, read
from crosslift.pipeline.inputs.task_data import TaskData
from crosslift.pipeline.inputs.task_inputs import training_items
from crosslift.pipeline.run import run
from tests.runs import TINY


def recipe(translate: dict[str, Any] | None, **changes: Any) -> recipes.Recipe:
    base = {key: value for key, value in copy.deepcopy(TINY).items() if key != "align"}
    finetune = {**base["finetune"], **({} if translate is None else {"translate": translate})}
    return recipes.build({**base, "finetune": finetune, **changes}, where="test")


def task_of(translate: dict[str, Any] | None, **changes: Any) -> TaskData:
    task = read(recipe(translate, **changes)).task
    assert task is not None
    return task


def gold(language: str) -> dict[str, Any]:
    return {example.id: example for example in shared_world(0).examples("nli", language, "train", 96)}


def test_mix_all_has_the_gold_examples_of_every_language() -> None:
    task = task_of({"by": "lab", "languages": ["qab", "qaf"]})
    assert task.counts == {"qaa": 96, "qab": 96, "qaf": 96}
    for example, code in zip(task.train, task.languages, strict=True):
        assert example == gold(code)[example.id]


def test_mix_one_keeps_the_number_of_examples() -> None:
    task = task_of({"by": "lab", "mix": "one", "languages": ["qab", "qaf"]})
    assert sorted(example.id for example in task.train) == sorted(gold("qaa"))
    assert all(count > 16 for count in task.counts.values())
    assert set(task.counts) == {"qaa", "qab", "qaf"}
    assert all(example == gold(code)[example.id] for example, code in zip(task.train, task.languages, strict=True))
    again = task_of({"by": "lab", "mix": "one", "languages": ["qab", "qaf"]})
    other = task_of({"by": "lab", "mix": "one", "languages": ["qab", "qaf"]}, seed=1)
    assert (again.train, again.languages) == (task.train, task.languages)
    assert other.languages != task.languages


def test_one_language_without_the_source() -> None:
    task = task_of({"by": "lab", "languages": ["qab"], "include_source": False})
    assert task.counts == {"qab": 96}
    assert [example.id for example in task.train] == [example.id for example in task_of(None).train]


def test_the_limit_counts_source_examples() -> None:
    limited = {**TINY["finetune"], "train_limit": 10, "translate": {"by": "lab", "languages": ["qab"]}}
    task = task_of(None, finetune=limited)
    assert task.counts == {"qaa": 10, "qab": 10}
    assert Counter(example.id for example in task.train).most_common(1)[0][1] == 2


def test_all_is_every_language_of_the_world() -> None:
    assert len(task_of({"by": "lab"}).counts) == 8


def test_noise_changes_words_and_never_labels() -> None:
    translate = {"by": "lab", "languages": ["qab"], "include_source": False}
    clean, noisy = task_of(translate), task_of({**translate, "noise": 0.2})
    same = task_of({**translate, "noise": 0.2}, seed=3)
    assert noisy.train == same.train
    pairs = list(zip(clean.train, noisy.train, strict=True))
    assert all((one.id, one.label) == (other.id, other.label) for one, other in pairs if isinstance(one, PairExample))
    changed = sum(one != other for one, other in pairs)
    assert 0.6 * len(pairs) < changed < len(pairs)


def test_tags_follow_noisy_words() -> None:
    data = {"finetune": {"task": "udpos", "steps": 1, "translate": {"by": "lab", "languages": ["qab"], "noise": 0.3}}}
    task = task_of(None, **data, evaluate=[])
    tagged = [example for example in task.train if isinstance(example, TaggingExample)]
    assert len(tagged) == 192
    assert all(example.tags is not None and len(example.words) == len(example.tags) for example in tagged)


def files(folder: Path, rows: dict[str, list[tuple[str, str, str]]]) -> dict[str, Any]:
    """Write English training and development data and its translations; return the recipe's tables."""
    (folder / "xnli").mkdir(parents=True)
    english = [(f"a man {i}", f"a dog {i}", ("entailment", "neutral", "contradiction")[i % 3]) for i in range(30)]
    for split in ("train", "dev"):
        text = "".join("\t".join(row) + "\n" for row in english)
        (folder / "xnli" / f"{split}-en.tsv").write_text(text)
    for code, translations in rows.items():
        (folder / f"{code}.tsv").write_text("".join("\t".join(row) + "\n" for row in translations))
    return {
        "data": {"source": "directory", "path": str(folder)},
        "finetune": {"task": "xnli", "steps": 1, "translate": {"by": "files", "files": "{language}.tsv"}},
        "pretrain": {"steps": 1, "text": {"path": str(folder)}},
        "evaluate": [],
    }


GERMAN = [(f"ein Mann {i}", f"ein Hund {i}", ("entailment", "neutral", "contradiction")[i % 3]) for i in range(30)]


def file_task(folder: Path, rows: list[tuple[str, str, str]], **translate: Any) -> TaskData:
    tables = files(folder, {"de": rows})
    tables["finetune"]["translate"] |= translate
    (folder / "en.txt").write_text("a man sees a dog\n" * 30)
    return task_of(None, **tables)


def test_files_have_the_rows_of_the_original(tmp_path: Path) -> None:
    task = file_task(tmp_path, GERMAN)
    assert task.counts == {"en": 30, "de": 30}
    assert task.train[33] == PairExample("3", "ein Mann 3", "ein Hund 3", "entailment")


def test_files_that_do_not_match_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 of 30 examples have no translation, the first being '29'"):
        file_task(tmp_path / "short", GERMAN[:-1])
    with pytest.raises(DataError, match=r"example '0' has the label 'neutral', its original 'entailment'"):
        file_task(tmp_path / "shifted", [*GERMAN[1:], GERMAN[0]])
    with pytest.raises(LanguageError, match="no train split in 'fr'"):
        file_task(tmp_path / "other", GERMAN, languages=["fr"])


def test_a_checkpoint_translates(checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    by = {"by": str(checkpoint("nllb")), "files": None, "max_length": 8, "mix": "one", "languages": ["de", "fr"]}
    task = file_task(tmp_path, GERMAN, **by)
    assert set(task.counts) == {"en", "de", "fr"}
    pairs = sorted((each for each in task.train if isinstance(each, PairExample)), key=lambda each: int(each.id))
    assert [pair.label for pair in pairs] == [row[2] for row in GERMAN]
    assert sum(pair.first == f"a man {pair.id}" for pair in pairs) == task.counts["en"]


def test_each_example_is_tokenized_in_its_language(checkpoint: Callable[[str], Path]) -> None:
    labels = ("entailment", "neutral", "contradiction")
    model = TaskModel.create(Encoder.load(checkpoint("xlm")), "pair", labels, seed=0)
    example = PairExample("0", "a cat", "a dog", "neutral")
    german = PairExample("0", "eine Katze", "ein Hund", "neutral")
    task = task_of(None).task
    mixed = TaskData(task, "en", labels, [german, example, german], [], ["de", "en", "de"])
    items = training_items(model, mixed)
    languages = [model.encoder.languages.index(item.tokens.language or "") for item in items]  # type: ignore[union-attr]
    assert languages == [0, 0, 1]
    assert [item.example for item in items] == [0, 2, 1]
    embedded = model.encoder.collate([item.tokens for item in items]).languages
    assert embedded is not None
    assert [set(row[: len(item)]) for row, item in zip(embedded.tolist(), items, strict=True)] == [{0}, {0}, {1}]


def refused(message: str, translate: dict[str, Any] | None = None, **changes: Any) -> None:
    with pytest.raises(RecipeError, match=message):
        read(recipe(translate, **changes))


def test_mistakes_about_translation_are_named(checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    nllb = str(checkpoint("nllb"))
    tagging = {"task": "udpos", "steps": 1, "translate": {"by": nllb, "languages": ["qab"]}}
    refused(
        "finetune.translate.by: 'udpos' is a 'tagging' task: its labels belong to positions",
        finetune=tagging,
        evaluate=[],
    )
    refused("'qaa' is the source language; use `include_source`", {"by": "lab", "languages": ["qaa", "qab"]})
    refused("no languages to train on besides 'qaa'", {"by": "lab", "languages": []})
    refused("`noise` is a setting of the lab's", {"by": nllb, "noise": 0.1})
    refused('`by = "files"` needs `files`', {"by": "files"})
    refused("does not contain {language}", {"by": "files", "files": "de.tsv"})
    translate_test = [{"task": "udpos", "translate": {"by": "lab"}}]
    refused("evaluate.0.translate.by: 'udpos' is", evaluate=translate_test, finetune={"task": "udpos"})
    twice = [{"task": "xnli"}, {"task": "xnli", "translate": {"by": "lab"}}]
    refused("evaluate.1: 'xnli' is scored by an earlier table", evaluate=twice)
    with pytest.raises(RecipeError, match="the lab translates only its own tasks"):
        file_task(tmp_path, GERMAN, by="lab", files=None)


def translate_test(**translate: Any) -> RunData:
    languages = ["qaa", "qab", "qaf"]
    return read(
        recipe(None, evaluate=[{"task": "xnli", "languages": languages, "translate": {"by": "lab", **translate}}])
    )


def test_test_sets_are_translated_into_the_source() -> None:
    (test,) = translate_test().tests
    source = shared_world(0).examples("nli", "qaa", "test", 24)
    assert all(examples == source for examples in test.by_language.values())
    assert test.read_in("qab") == "qaa"
    (noisy,) = translate_test(noise=0.5).tests
    assert noisy.by_language["qaa"] == source
    assert noisy.by_language["qab"] != noisy.by_language["qaf"]
    assert [each.id for each in noisy.by_language["qab"]] == [each.id for each in source]


def test_files_and_checkpoints_translate_test_sets(checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    tables = files(tmp_path, {})
    (tmp_path / "en.txt").write_text("a man sees a dog\n" * 30)
    del tables["finetune"]["translate"]
    (tmp_path / "xnli" / "test-de.tsv").write_text("".join("\t".join(row) + "\n" for row in GERMAN))
    english = [(f"some man {i}", f"some dog {i}", row[2]) for i, row in enumerate(GERMAN)]
    (tmp_path / "de-into-en.tsv").write_text("".join("\t".join(row) + "\n" for row in english))

    def read_with(**translate: Any) -> list[Any]:
        tables["evaluate"] = [{"task": "xnli", "languages": ["de"], "translate": translate}]
        (test,) = read(recipe(None, **tables)).tests
        assert test.translated_into == "en"
        return test.by_language["de"]

    given = read_with(by="files", files="{language}-into-en.tsv")
    assert given == [PairExample(str(i), *row) for i, row in enumerate(english)]
    made = read_with(by=str(checkpoint("nllb")), max_length=8)
    assert [(each.id, each.label) for each in made] == [(each.id, each.label) for each in given]
    assert made[0].first != GERMAN[0][0]


@pytest.fixture(scope="module")
def translated_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = recipe(
        {"by": "lab", "languages": ["qab"], "noise": 0.1},
        evaluate=[{"task": "xnli", "languages": ["qaa", "qab"], "translate": {"by": "lab"}}],
    )
    return run(made, tmp_path_factory.mktemp("runs") / "translated")


def test_results_say_that_it_is_not_zero_shot(translated_run: Path) -> None:
    content = json.loads((translated_run / "results.json").read_text())
    assert content["stages"][-1]["languages"] == {"qaa": 96, "qab": 96}
    warnings = "\n".join(content["warnings"])
    assert "xnli: trained on translations (by the lab, noise 0.1; examples by language: qaa 96, qab 96)" in warnings
    assert "test sets were translated into 'qaa' before prediction" in warnings
    assert content["probes"] == []  # all languages are translated, so there is nothing to measure


def test_gold_translations_are_predicted_like_the_source(translated_run: Path) -> None:
    rows = [(translated_run / "predictions" / "xnli" / f"{code}.jsonl").read_text() for code in ("qaa", "qab")]
    assert rows[0] == rows[1]


def test_the_stored_recipe_reads_back(translated_run: Path) -> None:
    stored = recipes.load(translated_run / "recipe.toml")
    assert stored.finetune is not None
    assert stored.finetune.translate is not None
    assert stored.finetune.translate.noise == 0.1
    assert recipes.build(recipes.values(stored), where="again") == stored


def test_views_are_translations_for_methods_that_compare(tmp_path: Path) -> None:
    views = {"by": "lab", "mix": "view", "languages": ["qab", "qaf"]}
    task = task_of(views)
    assert [example.id for example in task.train] == [example.id for example in task.views["qaf"]]
    assert all(example == gold("qaf")[example.id] for example in task.views["qaf"])
    assert task.counts == {"qaa": 96, "qab": 96, "qaf": 96}
    made = recipe(views)
    methods = [{"use": "translated"}, {"use": "cross_aligner", "losses": ["xero_align", "contrastive"]}]
    compared = recipes.build(
        {**recipes.values(made), "finetune": {**recipes.values(made)["finetune"], "method": methods}}, where="test"
    )
    directory = run(compared, tmp_path / "compared")
    log = [json.loads(line) for line in (directory / "log.jsonl").read_text().splitlines()]
    terms = next(line["terms"] for line in reversed(log) if line["stage"] == "finetune" and "terms" in line)
    assert set(terms) == {"task", "task.xero_align", "task.contrastive"}
    assert "not zero-shot" in " ".join(json.loads((directory / "results.json").read_text())["warnings"])
    with pytest.raises(RecipeError, match='mix: "view" makes translations for the method `translated`'):
        run(made, tmp_path / "unread")
    assert not (tmp_path / "unread").exists()
