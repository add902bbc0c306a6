"""The score of a benchmark."""

from __future__ import annotations

import pytest

from crosslift.stats.benchmark import benchmark_score


def test_the_benchmark_score_is_a_mean_over_tasks_and_halves_question_answering() -> None:
    """XLM-R large as published: its nine tasks average to 68.1 (Hu et al. 2020)."""
    means = {
        "xnli": [79.2], "pawsx": [86.4], "udpos": [72.6, 99.0], "panx": [65.4], "xquad": [76.6, 60.8],
        "mlqa": [71.6, 53.2], "tydiqa": [65.1, 45.0], "bucc2018": [66.0], "tatoeba": [57.3],
    }  # fmt: skip
    metrics = {
        task: ("f1", "exact_match") if task in ("xquad", "mlqa", "tydiqa") else ("accuracy", "other")[: len(values)]
        for task, values in means.items()
    }
    metrics["mlqa"] = ("mlqa_f1", "mlqa_exact_match")
    summary = [
        {"task": task, "metric": metric, "all_mean": value, "target_mean": value - 1}
        for task, values in means.items()
        for metric, value in zip(metrics[task], values, strict=True)
    ]
    score = benchmark_score(summary, metrics)
    assert score is not None
    assert score["all"] == pytest.approx(68.1, abs=0.1)
    assert score["targets"] == pytest.approx(score["all"] - 1)
    assert benchmark_score([], metrics) is None
