"""The ledger: thirty claims, and what it records of settings and published numbers."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from crosslift import recipe as recipes
from crosslift.api import registry
from crosslift.encoder.family import families
from crosslift.studies import Settings, load, names, planned
from crosslift.studies.plugins import module
from crosslift.studies.rules import Measured, Recorded

ROOT = Path(__file__).parents[3]
CLAIMS = {one.name: one for one in load("claims").study.hypothesis}
SIX = ("XNLI", "PAWS-X", "POS", "NER", "BUCC", "Tatoeba")


def test_there_are_thirty_claims_in_order():
    assert list(CLAIMS) == [f"C{number:02}" for number in range(1, 31)]


@pytest.mark.parametrize("name", names())
def test_every_ready_study_has_sound_recipes_at_lab_scale(name, tmp_path):
    definition = load(name)
    jobs = planned(definition, tmp_path, Settings())
    assert len(jobs) >= 5 * len(definition.study.arm)
    assert {"lab", "full"} <= definition.study.scale.keys()


@pytest.mark.parametrize("name", [name for name, one in CLAIMS.items() if isinstance(one.rule, Recorded)])
def test_a_recorded_claim_names_a_test_that_is_there(name):
    path, _, function = CLAIMS[name].rule.test.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert function in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("name", [name for name, one in CLAIMS.items() if isinstance(one.rule, Measured)])
def test_a_measured_claim_names_a_number_that_is_measured(name):
    rule = CLAIMS[name].rule
    assert rule.value in module("measurements", rule.measurement).measure()


def test_the_recipe_of_weam_has_the_settings_claimed():
    recipe = recipes.load(ROOT / "recipes" / "xnli_weam.toml")
    for stage in (recipe.align, recipe.finetune):
        assert (stage.learning_rate, stage.batch_size, stage.max_length, stage.epochs) == (5e-5, 32, 128, 2)
    (weam,) = recipe.align.objective
    assert (weam.settings["exchange_weight"], weam.settings["mask_probability"]) == (1.0, 0.3)
    published = CLAIMS["C11"].published
    assert published == {"learning rate": 5e-5, "batch size": 32, "maximum length": 128, "epochs": 2, "lambda": 1}


def test_weam_reads_links_of_the_fast_aligner():
    recipe = recipes.load(ROOT / "recipes" / "xnli_weam.toml")
    (weam,) = recipe.align.objective
    assert "links" in registry.load("align", weam.use).requires
    assert (recipe.align.bitext.links, recipe.align.bitext.aligner) == ("aligner", "fast")
    assert recipe.align.bitext.symmetrize == "one-to-one"  # a word changes places with one other


@pytest.mark.parametrize(
    ("claim", "scores"),
    [
        ("C14", (65.4, 81.9, 70.3, 62.2, 56.7, 38.7)),
        ("C15", (69.1, 80.9, 70.1, 61.2, 56.8, 32.6)),
        ("C16", (67.4, 81.3, 72.3, 58.3, 59.8, 37.9)),
        ("C17", (67.750, 85.321, 72.289, 62.865, 78.440, 43.389)),
        ("C18", (66.255, 84.092, 71.544, 62.157, 76.426, 41.148)),
        ("C19", (66.862, 84.485, 71.733, 62.337, 77.403, 41.751)),
    ],
)
def test_published_scores_are_those_of_the_papers(claim, scores):
    assert CLAIMS[claim].published == dict(zip(SIX, scores, strict=True))


def test_the_encoders_and_benchmarks_named_are_there():
    assert {"bert", "xlm", "roberta"} <= families().keys()
    xtreme = {"xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba"}
    xglue = {"xglue_nc", "xglue_qadsm", "xglue_wpr", "xglue_qam"}
    assert xtreme | xglue <= registry.entries("task").keys()
