"""Running the missing runs of a study, several at a time; a failure is reported at once and stops no other run."""

from __future__ import annotations

import json
import multiprocessing
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crosslift.errors import CrossliftError, InputError, RunError
from crosslift.recipe import Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from crosslift.studies.plan import Job


@dataclass(frozen=True)
class Outcome:
    """The end of a run: done, with its warnings, or failed, with the reason."""

    kind: Literal["done", "failed"]
    texts: tuple[str, ...] = ()


Run = Callable[["Job"], Outcome]
Started = Callable[[Outcome], None]


def execute(
    jobs: Sequence[Job], *, processes: int, cluster: str | None, on_end: Callable[[Job, Outcome], None]
) -> None:
    """Run jobs in order, `processes` at a time.

    A run that fails, collapses or was started with another recipe is reported, and the others continue.

    Args:
        jobs: the runs to do.
        processes: parallel runs on this machine; each has $OMP_NUM_THREADS threads, or an equal share of the cores.
        cluster: address of a Ray cluster to run on instead ("auto": the one that this machine belongs to).
        on_end: called with each job when it has ended.
    """
    ended = _on_cluster(jobs, cluster) if cluster else _on_machine(jobs, processes)
    for job, outcome in ended:
        on_end(job, outcome)


def run_one(recipe: Recipe, directory: Path, threads: int | None) -> Outcome:
    """Run or continue a recipe, and return how it ended; called in a separate process."""
    import torch

    from crosslift.pipeline.run import run

    if threads:
        torch.set_num_threads(threads)
    try:
        run(recipe, directory, resume=True)
    except CrossliftError as error:
        return Outcome("failed", (str(error),))
    except Exception as error:  # noqa: BLE001 - one run never stops the others; the result records its error
        traceback.print_exc()
        return Outcome("failed", (f"{type(error).__name__}: {error}",))
    return Outcome("done", warnings_of(directory))


def warnings_of(directory: Path) -> tuple[str, ...]:
    """Return the warnings in a run's results."""
    results = json.loads((directory / "results.json").read_text(encoding="utf-8"))
    return tuple(results["warnings"])


def _on_machine(jobs: Sequence[Job], processes: int) -> Iterator[tuple[Job, Outcome]]:
    given = os.environ.get("OMP_NUM_THREADS", "")
    threads = int(given) if given.isdigit() else max(1, (os.cpu_count() or 1) // processes)
    context = multiprocessing.get_context("spawn")  # a fork would inherit threads and locks of torch
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_one_share, initargs=(threads,)) as pool:
        running: dict[Future[Outcome], Job] = {
            pool.submit(run_one, job.recipe, job.directory, threads): job for job in jobs
        }
        for future in as_completed(running):
            try:
                yield running[future], future.result()
            except BrokenProcessPool as error:
                raise RunError(
                    f"a process was killed while {running[future].name} was running: memory may have run out; finished "
                    "runs are kept, so start again with fewer --jobs"
                ) from error


def _one_share(threads: int) -> None:
    """Set the number of threads for libraries that read it when they load."""
    os.environ["OMP_NUM_THREADS"] = str(threads)


def _on_cluster(jobs: Sequence[Job], address: str) -> Iterator[tuple[Job, Outcome]]:
    try:
        import ray
    except ModuleNotFoundError as error:
        raise InputError(
            "--cluster needs Ray, which is not installed; to install it: pip install 'crosslift[scale]'"
        ) from error

    if not ray.is_initialized():
        ray.init(address=None if address == "local" else address, include_dashboard=False, log_to_driver=False)
    devices = 1 if ray.cluster_resources().get("GPU") else 0
    remote = ray.remote(num_cpus=1, num_gpus=devices)(run_one)
    waiting = {remote.remote(job.recipe, job.directory.absolute(), None): job for job in jobs}
    while waiting:
        (ended, *_), _ = ray.wait(list(waiting))
        yield waiting.pop(ended), ray.get(ended)
