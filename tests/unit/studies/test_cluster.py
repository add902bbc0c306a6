"""The runs of a study on a Ray cluster of this machine."""

from __future__ import annotations

import pytest

from crosslift.studies import Settings, execute, load, planned

ray = pytest.importorskip("ray")


@pytest.fixture
def cluster():
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.filterwarnings("ignore")
def test_runs_go_to_the_cluster_and_come_back(tiny, tmp_path, cluster):
    jobs = planned(load(tiny), tmp_path / "out", Settings(seeds=1, arms=("plain", "noisy")))
    told = {}
    execute.execute(jobs, processes=1, cluster="auto", on_end=lambda job, outcome: told.update({job.arm: outcome.kind}))
    assert told == {"plain": "done", "noisy": "done"}
    assert all(job.done for job in jobs)
