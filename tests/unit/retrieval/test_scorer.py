"""Saved encoders scored on retrieval, mining and ranking: files in, results out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from crosslift.cli import app
from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError, DataError, InputError
from crosslift.evaluation.evaluate import evaluate
from crosslift.retrieval.embedder import embedder, sentence_vectors
from tests.tiny import TEXTS

Checkpoint = Callable[[str], Path]
ENGLISH, OTHER = TEXTS[:4], TEXTS[4:8]


@pytest.fixture
def tatoeba(tmp_path: Path) -> Path:
    (tmp_path / "tatoeba").mkdir()
    (tmp_path / "tatoeba/af-en.en").write_text("\n".join(ENGLISH) + "\n", encoding="utf-8")
    (tmp_path / "tatoeba/af-en.af").write_text("\n".join(OTHER) + "\n", encoding="utf-8")
    return tmp_path


def test_tatoeba_is_retrieved_both_ways(checkpoint: Checkpoint, tatoeba: Path, tmp_path: Path) -> None:
    found = evaluate(checkpoint("bert"), task="tatoeba", data=tatoeba, output=tmp_path / "out")
    encoder = Encoder.load(checkpoint("bert"))
    source, target = (sentence_vectors(encoder, texts, language="en", layer=2) for texts in (ENGLISH, OTHER))
    cosine = source @ target.T
    right = [np.mean(cosine.argmax(axis=axis) == np.arange(4)) for axis in (1, 0)]
    assert [row["value"] for row in found["scores"]] == [100 * share for share in right]
    assert [row["selection"] for row in found["scores"]] == ["as saved"] * 2
    lines = (tmp_path / "out/predictions/tatoeba/af.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["prediction"] for record in records] == [str(row) for row in cosine.argmax(axis=1)]
    assert [record["reverse"] for record in records] == [str(row) for row in cosine.argmax(axis=0)]


def test_another_pooling_is_named_in_the_results(checkpoint: Checkpoint, tatoeba: Path) -> None:
    found = evaluate(checkpoint("bert"), task="tatoeba", data=tatoeba, pooling="first")
    assert {row["selection"] for row in found["scores"]} == {"as saved, pooling first"}
    with pytest.raises(InputError, match=r"^pooling: 'mean_words' is now 'mean_no_special'$"):
        evaluate(checkpoint("bert"), task="tatoeba", data=tatoeba, pooling="mean_words")
    with pytest.raises(CheckpointError, match=r"does not publish its pooling"):
        evaluate(checkpoint("bert"), task="tatoeba", data=tatoeba, pooling="native")
    with pytest.raises(InputError, match="did you mean 'exact'"):
        evaluate(checkpoint("bert"), task="tatoeba", data=tatoeba, search="exat")


def test_poolings_of_the_embedder(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    inputs = encoder.collate(encoder.tokenize(ENGLISH))
    states = encoder.hidden_states(inputs)
    ways: dict[tuple[str, str], Any] = {
        ("retrieval", "benchmark"): encoder.pool(states[2], inputs, "mean"),
        ("mining", "benchmark"): states[2][:, 0],
        ("mining", "mean_no_special"): encoder.pool(states[3], inputs, "mean_no_special"),
    }
    for (task_type, pooling), rows in ways.items():
        vectors = embedder(encoder, task_type, pooling)(ENGLISH, language="en")  # type: ignore[arg-type]
        wanted = rows.detach().numpy()
        np.testing.assert_allclose(vectors, wanted / np.linalg.norm(wanted, axis=1, keepdims=True), atol=1e-5)


class FirstTwice(torch.nn.Module):
    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return 2 * states[:, 0] + 1


def test_the_pooler_of_a_checkpoint(checkpoint: Checkpoint) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    encoder.pooler = None
    with pytest.raises(CheckpointError, match="has no pooler"):
        embedder(encoder, "ranking", "pooler")(ENGLISH, language="en")
    encoder.pooler = FirstTwice()
    states = encoder.encode(encoder.collate(encoder.tokenize(ENGLISH)))
    wanted = torch.nn.functional.normalize(2 * states[:, 0] + 1, dim=-1).detach().numpy()
    vectors = embedder(encoder, "ranking", "pooler")(ENGLISH, language="en")
    np.testing.assert_allclose(vectors, wanted, atol=1e-5)


def lareqa(root: Path, languages: dict[str, list[str]]) -> Path:
    (root / "lareqa/xquad-r").mkdir(parents=True)
    for language, sentences in languages.items():
        starts = np.cumsum([0, *(len(text) + 1 for text in sentences[:-1])]).tolist()
        questions = [
            {"id": f"q{i}", "question": text, "answers": [{"text": "", "answer_start": start}]}
            for i, (text, start) in enumerate(zip(sentences, starts, strict=True))
        ]
        breaks = [[start, start + len(text)] for start, text in zip(starts, sentences, strict=True)]
        paragraph = {"context": " ".join(sentences), "sentence_breaks": breaks, "qas": questions}
        content = json.dumps({"data": [{"paragraphs": [paragraph]}]})
        (root / f"lareqa/xquad-r/{language}.json").write_text(content, encoding="utf-8")
    return root


def test_answers_are_ranked_in_the_pool_of_all_languages(checkpoint: Checkpoint, tmp_path: Path) -> None:
    data = lareqa(tmp_path / "data", {"en": list(ENGLISH), "de": list(OTHER), "vi": list(ENGLISH)})
    found = evaluate(checkpoint("bert"), task="lareqa", data=data, languages=["de"], output=tmp_path / "out")
    scores = {row["metric"]: row["value"] for row in found["scores"]}
    lines = (tmp_path / "out/predictions/lareqa/de.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["id"] for record in records] == ["q0", "q1", "q2", "q3"]
    for i, record in enumerate(records):
        assert sorted(record["prediction"]) == sorted(f"{code}_1_{j}" for code in ("de", "en", "vi") for j in range(4))
        assert record["gold"] == [f"{code}_1_{i}" for code in ("de", "en", "vi")]
        assert [record["prediction"][rank - 1] for rank in record["ranks"]] == record["gold"]
    assert scores["mean_average_precision"] == pytest.approx(scores["mean_average_precision_at_20"])
    (probe,) = found["probes"]
    spread = np.mean([max(record["ranks"]) - min(record["ranks"]) for record in records])
    assert (probe["metric"], probe["language"], probe["value"]) == ("rank_distance", "de", spread)


def test_a_query_that_nothing_answers_is_an_error(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "mewslix").mkdir()
    mention = {"example_id": "m", "entity_id": "Q2", "mention_span": {"start": 0, "end": 3, "text": "Ada"}}
    context = {"language": "de", "text": "Ada kam.", "sentence_spans": [{"start": 0, "end": 8}]}
    (tmp_path / "mewslix/wikinews_mentions-test.jsonl").write_text(
        json.dumps({"context": context, "mentions": [mention]}) + "\n"
    )
    entity = {"entity_id": "Q1", "description": "One.", "description_language": "sw"}
    line = json.dumps(entity | {"sentence_spans": [{"start": 0, "end": 4}]}) + "\n"
    pool = tmp_path / "mewslix/candidate_set_entities.jsonl"
    pool.write_text(line)
    with pytest.raises(DataError, match=r"mewslix: no candidate answers query 'm' \(gold 'Q2'\)"):
        evaluate(checkpoint("bert"), task="mewslix", data=tmp_path)
    pool.write_text(line + line.replace("Q1", "Q2").replace('"One."', '"Ada."'))
    (score,) = evaluate(checkpoint("bert"), task="mewslix", data=tmp_path)["scores"]
    assert score["value"] in (50, 100)


def test_bucc_from_the_command_line(checkpoint: Checkpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bucc2018").mkdir()
    for split in ("dev", "test"):
        stem = f"bucc2018/de-en.{split}"
        for side, texts in (("de", TEXTS), ("en", TEXTS[1:])):  # the very same sentences: all are found
            lines = "".join(f"{side}-{text}\t{text}\n" for text in texts)
            (tmp_path / f"{stem}.{side}").write_text(lines, encoding="utf-8")
        gold = "".join(f"de-{text}\ten-{text}\n" for text in TEXTS[1:])
        (tmp_path / f"{stem}.gold").write_text(gold, encoding="utf-8")
    command = ["evaluate", str(checkpoint("bert")), "--task", "bucc2018", "--data", str(tmp_path), "--json"]
    app(command, standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert {row["metric"]: row["value"] for row in found["scores"]} == {
        "mining_f1": 100,
        "mining_precision": 100,
        "mining_recall": 100,
    }
    assert {row["items"] for row in found["scores"]} == {len(TEXTS)}
    assert "best on dev" in found["warnings"][0]
    app([*command[:-1], "--split", "dev"], standalone_mode=False)
    printed = capsys.readouterr().out
    assert "mining_f1" in printed
    assert "best on the scored pairs themselves" in printed.replace("\n", " ")


def test_parallel_tasks_tell_of_language_bias(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "ntrex").mkdir()
    (tmp_path / "ntrex/newstest2019-src.eng.txt").write_text("\n".join(ENGLISH) + "\n", encoding="utf-8")
    for code in ("deu", "fra"):
        (tmp_path / f"ntrex/newstest2019-ref.{code}.txt").write_text("\n".join(OTHER) + "\n", encoding="utf-8")
    found = evaluate(checkpoint("bert"), task="ntrex", data=tmp_path)
    probes = {(row["metric"], row["language"]): row["value"] for row in found["probes"]}
    assert set(probes) == {
        *((metric, code) for metric in ("retrieval", "embedding_consistency") for code in ("deu", "fra")),
        *(("rank_distance", code) for code in ("eng", "deu", "fra")),
    }
    assert probes["retrieval", "deu"] == probes["retrieval", "fra"]


def test_the_lab_can_be_mined(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    from crosslift.data.sources import lab

    monkeypatch.setattr(lab, "COUNTS", {"train": 1, "dev": 1, "test": 201})
    found = evaluate(checkpoint("bert"), task="bucc2018", data="lab", languages=["qab"])
    assert found["scores"][0]["items"] == 400  # two pools
    assert found["warnings"]
