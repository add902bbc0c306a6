from __future__ import annotations

import copy
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from crosslift import recipe as recipes
from crosslift.errors import RecipeError
from crosslift.recipe import renamed
from tests.runs import TINY


def built(**changes: Any) -> recipes.Recipe:
    return recipes.build({**copy.deepcopy(TINY), **changes}, where="test")


def test_resolved_recipe_reads_back_equal() -> None:
    recipe = built()
    assert recipes.build(tomllib.loads(recipes.to_toml(recipe)), where="again") == recipe


def test_methods_settings_are_spelled_out() -> None:
    text = recipes.to_toml(built())
    assert "mask_probability = 0.15" in text
    assert "temperature = 0.07" in text


def test_every_mistake_is_reported_at_once_with_the_nearest_key() -> None:
    with pytest.raises(RecipeError) as caught:
        built(
            encoder={"modl": "x"},
            finetune={"task": "xnil", "epoch": 3, "method": [{"use": "plane"}]},
            align={"objective": [{"use": "tlm", "mask_probabilty": 0.3}, {"use": "mlm", "mask_probability": 7}]},
            evalute=[],
        )
    message = str(caught.value)
    for part in (
        "'encoder.model' is missing",
        "unknown key 'encoder.modl'; did you mean 'model'?",
        "unknown key 'finetune.epoch'; did you mean 'epochs'?",
        "unknown task 'xnil'; did you mean 'xnli'?",
        "unknown finetune method 'plane'; did you mean 'plain'?",
        "unknown key 'align.objective.0.mask_probabilty'; did you mean 'mask_probability'?",
        "align.objective.1.mask_probability: ",
        "unknown key 'evalute'; did you mean 'evaluate'?",
    ):
        assert part in message, part


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("seed=3", ("seed",), 3),
        ("finetune.learning_rate=1e-4", ("finetune", "learning_rate"), 1e-4),
        ("encoder.model=some/name", ("encoder", "model"), "some/name"),
        ('evaluate.0.languages=["de"]', ("evaluate", 0, "languages"), ["de"]),
        ("align.objective.1.weight=2", ("align", "objective", 1, "weight"), 2),
        ("new.table.key=true", ("new", "table", "key"), True),
    ],
)
def test_overrides(override: str, path: tuple[Any, ...], value: Any) -> None:
    found: Any = recipes.override(TINY, [override])
    for key in path:
        found = found[key]
    assert found == value
    assert copy.deepcopy(TINY) == TINY


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed", "expected key.path=value"),
        ("align.objective.7.weight=1", "'7' is not an item of a list of 2"),
        ("name.first=x", "'name' is a value, not a table"),
    ],
)
def test_wrong_overrides(override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        recipes.override(TINY, [override])


def test_unreadable_recipes(tmp_path: Path) -> None:
    for name, content, message in (
        ("missing.toml", None, "missing.toml: no such file; expected a TOML file"),
        ("latin.toml", b"name = 'caf\xe9'", "not UTF-8"),
        ("broken.toml", b"name = ", "not TOML"),
    ):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(RecipeError, match=message):
            recipes.load(path)
    with pytest.raises(RecipeError, match=r"latn\.toml: no such file; did you mean 'latin'\?"):
        recipes.load(tmp_path / "latn.toml")
    with pytest.raises(RecipeError, match="found a directory; expected a TOML file"):
        recipes.load(tmp_path)


def test_steps_and_epochs_exclude_each_other() -> None:
    with pytest.raises(RecipeError, match="not both"):
        built(finetune={"task": "xnli", "steps": 3, "epochs": 1})


def test_lab_encoder_brings_its_own_pretraining() -> None:
    values = {key: table for key, table in TINY.items() if key != "pretrain"}
    recipe = recipes.build(values, where="test")
    assert recipe.pretrain == recipes.load(recipes.LAB_RECIPE).pretrain
    assert recipe.encoder.vocabulary_size == 400


def test_only_an_alignment_objective_may_have_a_bitext() -> None:
    own = {"use": "tlm", "bitext": {"limt": 3, "links": "aligned"}}
    with pytest.raises(RecipeError) as caught:
        built(align={"objective": [own]}, pretrain={"objective": [{"use": "mlm", "bitext": {}}]})
    message = str(caught.value)
    for part in (
        "unknown key 'align.objective.0.bitext.limt'; did you mean 'limit'?",
        "align.objective.0.bitext.links: found 'aligned'; expected 'given', 'aligner' or 'subwords'",
        "unknown key 'pretrain.objective.0.bitext'",
    ):
        assert part in message, part


def test_settings_of_an_objective_are_those_of_its_class() -> None:
    recipe = built(align={"objective": [{"use": "sentence_contrastive", "loss": "cz_nce", "bitext": {"limit": 3}}]})
    assert recipe.align
    assert recipe.align.objective[0].settings["loss"] == "cz_nce"
    assert recipes.build(tomllib.loads(recipes.to_toml(recipe)), where="again") == recipe


RENAMED = [
    ({"finetune": {"read": {"texts": "second"}}}, "'finetune.read' is now 'finetune.input'"),
    ({"finetune": {"read": {"pieces": "all"}}}, "'finetune.read.pieces' is now 'finetune.input.subwords'"),
    ({"finetune": {"input": {"pieces": "all"}}}, "'finetune.input.pieces' is now 'finetune.input.subwords'"),
    ({"intermediate": [{"task": "xnli", "read": {}}]}, "'intermediate.0.read' is now 'intermediate.0.input'"),
    ({"align": {"bitext": {"link_pieces": "equal"}}}, "'align.bitext.link_pieces' is now 'align.bitext.link_subwords'"),
    ({"align": {"bitext": {"links": "pieces"}}}, "align.bitext.links: 'pieces' is now 'subwords'"),
    (
        {"align": {"objective": [{"use": "tlm", "bitext": {"link_pieces": "equal", "links": "pieces"}}]}},
        "'align.objective.0.bitext.link_pieces' is now 'align.objective.0.bitext.link_subwords'",
    ),
    (
        {"align": {"objective": [{"use": "word_l2", "piece": "first"}]}},
        "'align.objective.0.piece' is now 'align.objective.0.subword'",
    ),
    (
        {"align": {"objective": [{"use": "sentence_contrastive", "pooling": "mean_words"}]}},
        "align.objective.0.pooling: 'mean_words' is now 'mean_no_special'",
    ),
    (
        {"dual_encoder": {"task": "lareqa", "objective": [{"use": "dual_encoder", "pooling": "mean_words"}]}},
        "dual_encoder.objective.0.pooling: 'mean_words' is now 'mean_no_special'",
    ),
    (
        {"evaluate": [{"task": "tatoeba", "pooling": "mean_words"}]},
        "evaluate.0.pooling: 'mean_words' is now 'mean_no_special'",
    ),
]


@pytest.mark.parametrize(("old", "message"), RENAMED, ids=[message for _, message in RENAMED])
def test_an_old_name_is_answered_with_the_new_one(old: dict[str, Any], message: str) -> None:
    changes = {
        key: {**TINY[key], **table} if isinstance(table, dict) and key in TINY else table for key, table in old.items()
    }
    with pytest.raises(RecipeError) as caught:
        built(**changes)
    assert message in str(caught.value)
    assert "unknown key" not in str(caught.value)
    assert "expected" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"), [("choice", "multiple_choice"), ("span", "extractive_qa"), ("joint", "intent_slot")]
)
def test_an_old_task_type_of_user_data_is_answered_with_the_new_one(old: str, new: str) -> None:
    task = {"name": "mine", "kind": old, "files": {"test": "test.jsonl"}}
    with pytest.raises(RecipeError) as caught:
        built(data={"source": "files", "task": [task]}, finetune=None, evaluate=[{"task": "mine"}])
    assert "'data.task.0.kind' is now 'data.task.0.task_type'" in str(caught.value)
    assert f"data.task.0.task_type: '{old}' is now '{new}'" in str(caught.value)


def test_old_names_are_listed_with_all_other_mistakes() -> None:
    with pytest.raises(RecipeError) as caught:
        built(finetune={"task": "xnil", "read": {"pieces": "every"}}, evaluate=[{"task": "tatoeba", "pooling": "men"}])
    message = str(caught.value)
    for part in ("5 mistakes", "'finetune.read' is now", "'finetune.read.pieces' is now", "unknown task 'xnil'"):
        assert part in message, part
    assert "finetune.input.subwords: found 'every'; expected 'first' or 'all'" in message


@pytest.mark.parametrize("pattern", [*renamed.RENAMED_KEYS, *renamed.RENAMED_VALUES])
def test_every_renamed_name_is_tested(pattern: str) -> None:
    text = "\n".join(message for _, message in RENAMED) + "\ndata.task.0.kind\n'data.task.0.kind'"
    assert any(re.fullmatch(pattern, path) for path in re.findall(r"[\w.]+\.[\w.]+", text))
