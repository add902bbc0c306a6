"""One rule for the length of inputs: a run, `evaluate` and `predict` read the examples of one model alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import transformers

from crosslift import recipe as recipes
from crosslift.api.examples import TaggingExample
from crosslift.encoder.encoder import Encoder
from crosslift.errors import InputError
from crosslift.evaluation.evaluate import evaluate
from crosslift.evaluation.predict import predict
from crosslift.evaluation.predict_file import predict_file
from crosslift.evaluation.smoothing import Smoothing, predict_smoothed
from crosslift.heads.input_settings import InputSettings, Lengths
from crosslift.heads.multitask import share
from crosslift.heads.task_model import TaskModel
from crosslift.pipeline.run import run
from crosslift.train.task_items import rows_of
from crosslift.train.tokenized_tasks import model_items
from tests.tiny import TEXTS

Checkpoint = Callable[[str], Path]
Row = dict[str, Any]
SHORT = 24
"""The max_length of the runs: much shorter than their inputs."""
LONG = [f"{text} {TEXTS[number - 1]} {TEXTS[number - 3]}" for number, text in enumerate(TEXTS)]
WORDS = {"entailment": "cat", "neutral": "man"}


def labelled(task_type: str) -> list[Row]:
    match task_type:
        case "sentence":
            return [{"text": text, "label": "ab"[number % 2]} for number, text in enumerate(LONG)]
        case "pair":
            return [
                {"first": text, "second": LONG[number - 2], "label": ("entailment", "neutral")[number % 2]}
                for number, text in enumerate(LONG)
            ]
        case "tagging":
            return [
                {"words": text.split(), "tags": ["B-A" if len(word) % 2 else "O" for word in text.split()]}
                for text in LONG
            ]
        case "multiple_choice":
            return [
                {"premise": text, "choice1": LONG[number - 1], "choice2": LONG[number - 2], "label": 1 + number % 2}
                for number, text in enumerate(LONG)
            ]
        case _:
            return [{"question": "Who?", "context": text, "answers": text.split()[-2]} for text in LONG]


def recipe(root: Path, encoder: Path, task_type: str, **finetune: Any) -> recipes.Recipe:
    (root / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in labelled(task_type)), encoding="utf-8")
    for code in ("en", "de"):
        (root / f"test.{code}.jsonl").write_text((root / "all.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
    files = {"train": "all.jsonl", "dev": "all.jsonl", "test": "test.{language}.jsonl"}
    values = {
        "name": "short",
        "encoder": {"model": str(encoder)},
        "data": {"path": str(root), "task": [{"name": "mine", "task_type": task_type, "files": files}]},
        "finetune": {
            "task": "mine",
            "steps": 4,
            "batch_size": 8,
            "evaluations": 1,
            "learning_rate": 0.01,
            "max_length": SHORT,
            **finetune,
        },
        "evaluate": [{"task": "mine"}],
    }
    return recipes.build(values, where="test")


def records(directory: Path, code: str) -> list[Row]:
    text = (directory / "predictions" / "mine" / f"{code}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def from_file(model: Path, task_type: str, folder: Path, **options: Any) -> dict[str, list[Row]]:
    """Return the rows that `predict_file` writes, by language; its file has no labels."""
    answers = ("label", "tags", "answers")
    rows = [{key: row[key] for key in row if key not in answers} for row in labelled(task_type)]
    source, output = folder / "in.jsonl", folder / f"out{len(list(folder.glob('out*')))}.jsonl"
    lines = [json.dumps({**row, "language": code}) + "\n" for row in rows for code in ("de", "en")]
    source.write_text("".join(lines), encoding="utf-8")
    predict_file(model, source, output=output, **options)
    written = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    return {code: [row for row in written if row["language"] == code] for code in ("en", "de")}


def shown(record: Row) -> tuple[Any, ...]:
    """Return what both a record and a row of a file have."""
    tags = record["prediction"]
    return (" ".join(tags) if isinstance(tags, list) else tags, record.get("probability"), record.get("start"))


CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "sentence": ("bert", "sentence", {}),
    "pair": ("bert", "pair", {}),
    "language embeddings": ("xlm", "pair", {}),
    "linear head": ("t5", "pair", {}),
    "second texts": ("bert", "pair", {"input": {"texts": "second"}}),
    "prompt": ("t5", "pair", {"method": [{"use": "text_to_text", "label_words": WORDS}], "max_length": 60}),
    "tagging": (
        "bert",
        "tagging",
        {"max_length": 9, "learning_rate": 5e-4, "input": {"subwords": "all", "vote": "majority"}},
    ),
    "multiple_choice": ("bert", "multiple_choice", {}),
    "extractive_qa": ("bert", "extractive_qa", {"doc_stride": 5}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_run_evaluate_and_predict_agree_on_every_row(checkpoint: Checkpoint, tmp_path: Path, case: str) -> None:
    name, task_type, finetune = CASES[case]
    made = recipe(tmp_path, checkpoint(name), task_type, **finetune)
    done = run(made, tmp_path / "run")
    evaluate(done / "model", task="mine", data=made.data, output=tmp_path / "again")
    rows = from_file(done / "model", task_type, tmp_path)
    for code in ("en", "de"):
        assert records(tmp_path / "again", code) == records(done, code)
        assert [shown(row) for row in rows[code]] == [shown(record) for record in records(done, code)]


@pytest.mark.parametrize("case", ["sentence", "pair", "multiple_choice", "extractive_qa"])
def test_max_length_overrides_the_models(checkpoint: Checkpoint, tmp_path: Path, case: str) -> None:
    name, task_type, finetune = CASES[case]
    made = recipe(tmp_path, checkpoint(name), task_type, **finetune)
    model = run(made, tmp_path / "run") / "model"
    evaluate(model, task="mine", data=made.data, output=tmp_path / "longer", max_length=60)
    rows = from_file(model, task_type, tmp_path, max_length=60)["de"]
    assert [shown(row) for row in rows] == [shown(record) for record in records(tmp_path / "longer", "de")]
    assert [shown(row) for row in rows] != [shown(row) for row in from_file(model, task_type, tmp_path)["de"]]
    with pytest.raises(InputError, match="max_length: 7 found, expected at least 8 tokens"):
        predict_file(model, tmp_path / "in.jsonl", max_length=7)


def test_smoothed_predictions_are_truncated_too(checkpoint: Checkpoint, tmp_path: Path) -> None:
    made = recipe(tmp_path, checkpoint("bert"), "pair")
    model = TaskModel.load(run(made, tmp_path / "run") / "model")
    examples = _examples(made)
    smoothing = Smoothing.by("random_perturbation", samples=2, radius=0.1)
    own = predict_smoothed(model, examples, smoothing=smoothing, language="de")
    same = predict_smoothed(model, examples, smoothing=smoothing, language="de", max_length=SHORT)
    longer = predict_smoothed(model, examples, smoothing=smoothing, language="de", max_length=60)
    assert own == same != longer


def _examples(made: recipes.Recipe) -> Sequence[Any]:
    from crosslift.data.sources import find_task, open_source

    return open_source(made.data).examples(find_task("mine", made.data), "test", "de")


@pytest.mark.parametrize(
    ("task_type", "labels", "expected"),
    [("pair", ("a", "b"), 128), ("tagging", ("O",), 128), ("extractive_qa", (), 384), ("multiple_choice", (), 128)],
)
def test_a_checkpoint_that_does_not_say_gets_the_default_of_its_task_type(
    checkpoint: Checkpoint, task_type: Any, labels: tuple[str, ...], expected: int
) -> None:
    encoder = Encoder.load(checkpoint("t5"))
    model = TaskModel.create(encoder, task_type, labels, seed=0)
    assert model.lengths() == Lengths(64, 128), "the encoder takes 64 tokens"
    model.encoder.tokenizer.model_max_length = 512
    assert model.lengths() == Lengths(expected, 128)
    assert model.lengths(max_length=1000, doc_stride=9) == Lengths(512, 9)


def test_a_checkpoint_of_others_is_read_alike(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """Written by transformers: no task type and no lengths, so the encoder's 64 tokens limit every input."""
    place, data = tmp_path / "theirs", tmp_path / "data"
    data.mkdir()
    names = {0: "entailment", 1: "neutral"}
    theirs = transformers.AutoModelForSequenceClassification.from_pretrained(
        checkpoint("bert"), id2label=names, label2id={label: number for number, label in names.items()}
    )
    theirs.save_pretrained(place)
    Encoder.load(checkpoint("bert")).tokenizer.save_pretrained(str(place))
    made = recipe(data, checkpoint("bert"), "pair")
    evaluate(place, task="mine", data=made.data, output=tmp_path / "scored")
    rows = from_file(place, "pair", tmp_path, columns=("first", "second"))["en"]
    assert [shown(row) for row in rows] == [shown(record) for record in records(tmp_path / "scored", "en")]
    whole = predict(TaskModel.load(place), _examples(made), language="en", max_length=64)
    assert [shown(row) for row in rows] == [shown(record) for record in whole]


def test_no_word_is_lost_where_more_is_asked_for_than_the_encoder_takes(checkpoint: Checkpoint) -> None:
    model = TaskModel.create(Encoder.load(checkpoint("bert")), "tagging", ("O", "B-A"), seed=0)
    sentence = TaggingExample("0", tuple(" ".join(LONG[:3]).split()))
    items = rows_of(model_items(model, [sentence], language="en", lengths=model.lengths(max_length=128)))
    covered = {item.first_word + word for item in items for word in item.tokens.words or () if word >= 0}
    assert len(items) > 1
    assert covered == set(range(len(sentence.words)))


def test_models_that_share_a_transformer_keep_their_own_lengths(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("t5"))
    settings = (InputSettings(max_length=20), InputSettings(max_length=40, doc_stride=7))
    models = [
        TaskModel.create(encoder, "pair", ("a", "b"), seed=0, input_settings=settings[0]),
        TaskModel.create(encoder, "extractive_qa", (), seed=1, input_settings=settings[1]),
    ]
    share(models)
    assert models[0].encoder.base is models[1].encoder.base
    assert [model.lengths() for model in models] == [Lengths(20, 128), Lengths(40, 7)]


def test_items_are_as_long_as_the_model_says(checkpoint: Checkpoint, tmp_path: Path) -> None:
    made = recipe(tmp_path, checkpoint("bert"), "pair")
    settings = InputSettings(max_length=SHORT)
    encoder = Encoder.load(checkpoint("bert"))
    model = TaskModel.create(encoder, "pair", ("entailment", "neutral"), seed=0, input_settings=settings)
    items = rows_of(model_items(model, _examples(made), language="de"))
    assert {len(item) for item in items} == {SHORT}
