"""The card of a model: a header that the hub reads, a body that says what is known, and no text taken for markup."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
import yaml

from crosslift.runs.model_card import Data, model_card

XNLI = Data(
    "xnli",
    "scored on its test split",
    ("en", "de", "sw"),
    "CC BY-NC 4.0",
    "Conneau et al. (2018). EMNLP.",
    "facebook/xnli",
)
TRAINED = Data("xnli", "labels to train on", ("en",), "OANC and others", hub="facebook/xnli")
RECIPE: dict[str, Any] = {
    "encoder": {"model": "google-bert/bert-base-multilingual-cased"},
    "data": {"source": "hub"},
    "align": {"objective": [{"use": "tlm"}]},
    "finetune": {"task": "xnli", "selection": "source-dev", "method": [{"use": "plain"}]},
}
RESULTS: dict[str, Any] = {
    "recipe": "tlm then plain",
    "seed": 3,
    "scores": [
        {"task": "xnli", "language": code, "metric": "accuracy", "value": value, "items": 5010, "selection": rule}
        for rule, shift in (("source-dev", 0.0), ("last", -9.0))
        for code, value in (("en", 81.456 + shift), ("de", 70.2 + shift), ("sw", 51.0 + shift))
    ],
    "summary": [
        {"task": "xnli", "metric": "accuracy", "selection": "source-dev", "source": "en", "source_value": 81.456,
         "target_mean": 60.6, "transfer_gap": 20.856, "targets": 2}
    ],
    "stages": [
        {"stage": "align", "steps": 2000, "tokens": 1_000_000},
        {"stage": "finetune", "steps": 24_000, "tokens": 9_000_000},
    ],
    "languages": {"en": {"name": "English"}, "de": {"name": "German"}, "sw": {"name": "Swahili"}},
    "warnings": ["3 test examples are in the training data"],
}  # fmt: skip
ENVIRONMENT = {"crosslift": "0.1.0", "packages": {"torch": "2.13.0", "datasets": None}}
HOSTILE = (
    "---\n...\n: \"x\" 'y' #no [a](javascript:alert(1)) <img src=x onerror=alert(2)> | \\ \x85\u2028\ufeff\x00 {{7}} "
    "\U0001f600"
)


def made(*, results=None, recipe=None, data=(TRAINED, XNLI), **more):
    arguments = {
        "architecture": "BertForSequenceClassification",
        "base_model": "google-bert/bert-base-multilingual-cased",
    }
    return model_card(results or RESULTS, recipe or RECIPE, ENVIRONMENT, data=data, **(arguments | more))


def header(card: str) -> dict[str, Any]:
    """Return the header as the hub finds it: between two lines of three hyphens."""
    found = re.match(r"---\n(.*?)\n---\n", card, flags=re.DOTALL)
    assert found is not None
    return yaml.safe_load(found[1])


def test_the_header_says_what_the_hub_asks_for():
    values = header(made())
    results = values.pop("model-index")
    assert values == {
        "language": ["de", "en", "sw"],
        "license": "other",
        "license_name": "see-training-data-and-licences",
        "library_name": "transformers",
        "pipeline_tag": "text-classification",
        "base_model": "google-bert/bert-base-multilingual-cased",
        "datasets": ["facebook/xnli"],
        "tags": ["crosslift", "cross-lingual-transfer", "zero-shot"],
        "metrics": ["accuracy"],
    }
    assert results[0]["name"] == "tlm then plain"
    assert results[0]["results"][2] == {
        "task": {"type": "text-classification", "name": "xnli"},
        "dataset": {"name": "xnli", "type": "facebook/xnli", "config": "sw"},
        "metrics": [{"type": "accuracy", "value": 51.0}],
    }
    assert len(results[0]["results"]) == 3  # of the weights that were saved alone


def test_the_hubs_own_reader_reads_it():
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCard(made())
    assert card.data.license == "other"
    assert [result.metric_value for result in card.data.eval_results] == [81.46, 70.2, 51.0]
    assert card.text.lstrip().startswith("# tlm then plain")


def test_the_body_says_what_is_known():
    card = made()
    assert "fine-tuned from google-bert/bert-base-multilingual-cased on labels in English (en)" in card
    assert "| German (de) | 5,010 | 70.2 |" in card
    assert "mean of 2 target languages 60.6; transfer gap 20.9 points" in card
    assert "the checkpoint with the best score on development data of the source language" in card
    assert "- xnli, labels to train on (en). Licence: OANC and others." in card
    assert "Licence: CC BY-NC 4.0. Conneau et al. (2018). EMNLP." in card
    assert "its licence applies as well" in card
    assert "- Warning of the run: 3 test examples are in the training data" in card
    assert 'pipeline("text-classification", model="DIRECTORY")' in card
    assert "- align: tlm" in card
    assert "torch 2.13.0" in card
    assert "datasets None" not in card


def test_without_licences_the_licence_is_unknown():
    card = made(data=(Data("mine", "labels to train on", ("en",)),), base_model=None)
    values = header(card)
    assert values["license"] == "unknown"
    assert "license_name" not in values
    assert "base_model" not in values
    assert "Licence: not known; ask the provider of the data." in card
    assert "fine-tuned from a local checkpoint" in card


def test_a_local_path_stays_private():
    recipe = {**RECIPE, "encoder": {"model": "/home/someone/secret"}}
    card = made(recipe=recipe, base_model=None)
    assert "secret" not in card
    assert "has its own licences" in card
    scratch = made(recipe={**RECIPE, "encoder": {"model": "scratch:mini"}}, base_model=None)
    assert "fine-tuned from an encoder trained from scratch" in scratch
    assert "has its own licences" not in scratch


def test_artificial_and_unknown_languages_have_no_code_for_the_hub():
    data = Data("t", "scores", ("qaa", "eng_Latn", "af-ZA", "en-de", "klingon"))
    assert header(made(data=(data,)))["language"] == ["af", "de", "en"]
    assert "this model reads no natural language" in made(recipe={**RECIPE, "data": {"source": "lab"}})


def test_translated_labels_are_no_zero_shot():
    results = copy.deepcopy(RESULTS)
    results["stages"][1]["languages"] = {"en": 10, "de": 10}
    assert "on labels in English (en), German (de) by crosslift" in made(results=results)


@pytest.mark.parametrize(
    ("architecture", "tag", "code"),
    [
        ("XLMRobertaForTokenClassification", "token-classification", 'pipeline("token-classification"'),
        ("BertForQuestionAnswering", "question-answering", 'pipeline("question-answering"'),
        ("BertForMultipleChoice", "multiple-choice", "AutoModelForMultipleChoice.from_pretrained"),
        ("BertModel", None, "AutoModel.from_pretrained"),
    ],
)
def test_how_to_load_it_depends_on_the_head(architecture, tag, code):
    card = made(architecture=architecture)
    assert header(card).get("pipeline_tag") == tag
    assert code in card


def test_an_encoder_without_scores_has_a_card():
    results = {**RESULTS, "scores": [], "summary": []}
    card = made(
        results=results, recipe={"encoder": RECIPE["encoder"], "data": {"source": "hub"}}, architecture="BertModel"
    )
    assert "model-index" not in header(card)
    assert "This model was not scored." in card
    assert "without a task head" in card


@pytest.mark.parametrize("value", [float("nan"), None])
def test_a_missing_number_is_left_out(value):
    results = copy.deepcopy(RESULTS)
    results["scores"][1]["value"] = value
    results["summary"][0]["target_mean"] = value
    card = made(results=results)
    assert [row["dataset"]["config"] for row in header(card)["model-index"][0]["results"]] == ["en", "sw"]
    assert "nan" not in card.lower().replace("finance", "")
    assert "target languages" not in card


def test_hostile_text_is_text_in_the_header_and_in_the_body():
    results = copy.deepcopy(RESULTS)
    results["recipe"] = HOSTILE
    results["warnings"] = [HOSTILE]
    results["languages"]["de"]["name"] = HOSTILE
    for row in [*results["scores"], *results["summary"]]:
        row["task"] = HOSTILE
    recipe = {**RECIPE, "finetune": {**RECIPE["finetune"], "task": HOSTILE}}
    data = (Data(HOSTILE, HOSTILE, ("en",), HOSTILE, HOSTILE, HOSTILE),)
    card = made(results=results, recipe=recipe, data=data, base_model=HOSTILE)
    values = header(card)
    assert values["model-index"][0]["name"] == HOSTILE
    assert values["base_model"] == HOSTILE
    assert values["datasets"] == [HOSTILE]
    assert set(values) == set(header(made()))
    body = card.partition("\n---\n")[2]
    assert not re.search(r"(?<!\\)<img", body)
    assert not re.search(r"(?<!\\)\[a\]", body)
    assert body.count("\n---\n") == 0
