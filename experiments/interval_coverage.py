"""Coverage of the intervals of `crosslift compare`, in simulated studies whose true effect is known.

    python experiments/interval_coverage.py --studies 2000

Answers come from a threshold on a sum of normal variables: the difficulty of the item (in all languages, in one, for
one of the two systems), the effect of the seed (in all languages, in one, in both systems equally), and noise.  Under
the null both systems have the same distribution, but differ on single items and between seeds.  For accuracy the true
effect is a difference of normal probabilities; for F1 it is estimated from a study so large that it hardly errs.
Coverage of the 95% interval should be at least 95, and false positives of the 5% test at most 5%.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from dataclasses import dataclass, replace
from functools import partial
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from crosslift.api.metric import Metric
from crosslift.comparison.design import Design
from crosslift.comparison.records import Counts
from crosslift.comparison.resampled import sample
from crosslift.metrics.accuracy import Accuracy
from crosslift.metrics.macro_f1 import MacroF1
from crosslift.metrics.tagging_f1 import TaggingF1
from crosslift.stats.interval import Scores, estimate

NORMAL = NormalDist()
POINT = 0.027
"""Shift of the normal variable that changes an accuracy of 65% by one point."""
DIFFICULTY = {"item": 0.45, "item in a language": 0.15, "item for a system": 0.1, "noise": 0.3}
"""Variances; they sum to 1."""


@dataclass(frozen=True)
class Study:
    """A design to simulate; spreads of seeds are in points of accuracy."""

    name: str
    seeds: tuple[int, int] = (5, 5)
    languages: int = 8
    items: int = 500
    parallel: bool = True
    paired: bool = True
    seed_spread: float = 1.0
    seed_language_spread: float = 0.7
    shared_spread: float = 0.0
    metric: str = "accuracy"
    effect: float = 2.0

    @property
    def variance(self) -> float:
        """Variance of an answer's normal variable."""
        spreads = (self.seed_spread, self.seed_language_spread, self.shared_spread)
        return 1 + sum((POINT * spread) ** 2 for spread in spreads)

    @property
    def middle(self) -> NDArray[np.float64]:
        """Mean of that variable by language: accuracies from 75 down to 50."""
        return np.array([NORMAL.inv_cdf(p) for p in np.linspace(0.75, 0.5, self.languages)])

    @property
    def truth(self) -> float:
        """True effect on the mean of languages, in points."""
        return self._shift_of_accuracy() if self.metric == "accuracy" else _large(self)

    def _shift_of_accuracy(self) -> float:
        shifted = (self.middle + POINT * self.effect, self.middle)
        means = [np.mean([NORMAL.cdf(value / self.variance**0.5) for value in side]) for side in shifted]
        return float(100 * (means[0] - means[1]))


STUDIES = (
    Study("5 seeds x 8 languages x 500 items"),
    Study("3 seeds", seeds=(3, 3)),
    Study("4 seeds", seeds=(4, 4)),
    Study("10 seeds", seeds=(10, 10)),
    Study("3 seeds that vary much", seeds=(3, 3), seed_spread=3.0),
    Study("5 seeds that hardly vary", seed_spread=0.0, seed_language_spread=0.0),
    Study("3 seeds that hardly vary", seeds=(3, 3), seed_spread=0.0, seed_language_spread=0.0),
    Study("3 seeds, languages not parallel", seeds=(3, 3), parallel=False),
    Study("5 seeds, pairs share much", shared_spread=4.0),
    Study("5 and 4 other seeds", seeds=(5, 4), paired=False),
    Study("5 seeds, 1 language", languages=1),
    Study("3 seeds, 1 language", seeds=(3, 3), languages=1),
    Study("3 seeds, 1 language, 100 items", seeds=(3, 3), languages=1, items=100),
    Study("3 seeds x 11 languages x 3,000 items", seeds=(3, 3), languages=11, items=3000),
    Study("1 seed that does not vary", seeds=(1, 1), seed_spread=0.0, seed_language_spread=0.0),
    Study("2 seeds", seeds=(2, 2)),
    Study("tagging F1, 3 seeds x 4 languages", seeds=(3, 3), languages=4, items=300, metric="tagging_f1"),
    Study("macro F1, 5 seeds x 4 languages", languages=4, items=300, metric="macro_f1"),
)


def answers(study: Study, generator: np.random.Generator) -> list[NDArray[np.float64]]:
    """Return the normal variables behind the answers of both systems, (seeds, languages, items) each."""
    shape = (study.languages, study.items)
    spread = {name: variance**0.5 for name, variance in DIFFICULTY.items()}
    item = spread["item"] * generator.normal(size=(1, study.items) if study.parallel else shape)
    base = study.middle[:, None] + item + spread["item in a language"] * generator.normal(size=shape)
    shared = generator.normal(size=max(study.seeds))
    return [
        _system(study, base + place * POINT * study.effect, shared[:seeds], spread, generator)
        for place, seeds in enumerate(study.seeds)
    ]


def _system(
    study: Study,
    base: NDArray[np.float64],
    shared: NDArray[np.float64],
    spread: dict[str, float],
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    seeds, (languages, items) = len(shared), base.shape
    own = spread["item for a system"] * generator.normal(size=(1, items) if study.parallel else base.shape)
    by_seed = study.seed_spread * generator.normal(size=seeds) + study.shared_spread * shared
    by_language = study.seed_language_spread * generator.normal(size=(seeds, languages))
    noise = spread["noise"] * generator.normal(size=(seeds, languages, items))
    drift: NDArray[np.float64] = base + own + POINT * (by_seed[:, None] + by_language)[..., None] + noise
    return drift


def counts(study: Study, variables: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float32]:
    """Return what the metric counts, (seeds, languages, items, parts)."""
    if study.metric == "tagging_f1":
        gold = np.broadcast_to(1 + np.arange(variables.shape[-1]) % 7, variables.shape)
        rate = 1 / (1 + np.exp(-1.6 * variables))
        right = generator.binomial(gold, rate)
        return np.stack([right, right + generator.binomial(gold - right, 0.8), gold], axis=-1).astype(np.float32)
    right = variables > 0
    if study.metric == "accuracy":
        return np.stack([right, np.ones_like(right)], axis=-1).astype(np.float32)
    gold = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 2])[np.arange(variables.shape[-1]) % 10]  # one class is rare
    predicted = np.where(right, gold, (gold + 1) % 3)
    one = [predicted[..., None] == np.arange(3), np.broadcast_to(gold[:, None] == np.arange(3), (*right.shape, 3))]
    return np.concatenate([one[0] & one[1], *one], axis=-1).astype(np.float32)


def metric_of(study: Study) -> Metric:
    """Return the metric of a study."""
    return {"accuracy": Accuracy(), "tagging_f1": TaggingF1(), "macro_f1": MacroF1(("a", "b", "c"))}[study.metric]


def _large(study: Study) -> float:
    """Return the effect of the shift on one system, in a study so large that it hardly errs."""
    large = replace(study, seeds=(100, 0), items=20_000, effect=0.0)
    variables, _ = answers(large, np.random.default_rng(0))
    metric = metric_of(study)
    means = []
    for shift in (study.effect, 0.0):
        parts = counts(large, variables + POINT * shift, np.random.default_rng(1)).sum(axis=2, dtype=np.float64)
        means.append(float(metric.scores(parts).mean()))
    return means[0] - means[1]


def simulated(study: Study, number: int, *, draws: int) -> tuple[float, float, float, float]:
    """Simulate a study and return effect, interval and p-value as computed by `crosslift compare`."""
    generator = np.random.default_rng([number, len(study.name)])
    table = np.concatenate([counts(study, one, generator) for one in answers(study, generator)])
    names = tuple(map(str, range(study.languages)))
    ids, metric = tuple(map(str, range(study.items))), metric_of(study)
    by_language = {name: Counts(ids, metric, table[:, place]) for place, name in enumerate(names)}
    drawn = sample(Design("", "", True, "", "", names, names, by_language, study.parallel), draws=draws, seed=number)
    sides = [slice(None, study.seeds[0]), slice(study.seeds[0], None)]
    scores = [Scores(drawn.observed[one].mean(axis=-1), drawn.resampled[:, one].mean(axis=-1)) for one in sides]
    found = estimate(scores[0], scores[1], paired=study.paired, items=drawn.drawn_from(range(study.languages)))
    return found.effect, found.low, found.high, found.p


def measured(study: Study, *, studies: int, draws: int) -> str:
    """Return one row of the table."""
    start = time.process_time()
    null = np.array([simulated(replace(study, effect=0.0), number, draws=draws) for number in range(studies)])
    false_positives = 100 * float((null[:, 3] < 0.05).mean())
    found = np.array([simulated(study, studies + number, draws=draws) for number in range(studies)])
    truth = study.truth
    covered = 100 * float(((found[:, 1] <= truth) & (truth <= found[:, 2])).mean())
    power = 100 * float((found[:, 3] < 0.05).mean())
    width = float((null[:, 2] - null[:, 1]).mean()) / 2
    seconds = time.process_time() - start
    return f"| {study.name} | {covered:.1f} | {false_positives:.1f} | {width:.2f} | {power:.0f} | {seconds:.0f} |"


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="", help="part of a design's name")
    given = parser.parse_args()
    print(
        "| design | coverage | false positives | half-width | power at 2 points | CPU s |",
        "| --- |" + " ---: |" * 5,
        sep="\n",
    )
    chosen = [study for study in STUDIES if given.only in study.name]
    with multiprocessing.Pool(given.jobs) as pool:
        row = partial(measured, studies=given.studies, draws=given.draws)
        for line in pool.imap(row, chosen):
            print(line, flush=True)


if __name__ == "__main__":
    main()
