"""Densities worked out from a configuration are those the initialization really gives."""

from __future__ import annotations

import pytest

from strnn_viz.config import RunConfig
from strnn_viz.sparsity.initialization import allocate
from strnn_viz.topology.allocation import expected_densities
from tests.synthetic import layer_infos

INFOS = layer_infos(hidden=24, vocabulary=500)


def config(**sparsity: object) -> RunConfig:
    return RunConfig().replace({f"sparsity.{key}": value for key, value in sparsity.items()})


@pytest.mark.parametrize("density", [0.02, 0.2, 0.6])
@pytest.mark.parametrize("granularity", ["matrix", "gate"])
def test_erdos_renyi_is_what_training_allocates(density: float, granularity: str) -> None:
    found = expected_densities(config(initialization="erdos_renyi", density=density, granularity=granularity), INFOS)
    parts = [len(info.gates) if granularity == "gate" and info.gates else 1 for info in INFOS]
    shapes = [(i.shape[0] // n, i.shape[1]) for i, n in zip(INFOS, parts, strict=True) for _ in range(n)]
    counts = iter(allocate("erdos_renyi", shapes, density))
    for info, n in zip(INFOS, parts, strict=True):
        given = sum(next(counts) for _ in range(n))
        assert found[info.name] * info.size == pytest.approx(given, abs=0.5 * n)
    total = sum(found[info.name] * info.size for info in INFOS)
    assert total == pytest.approx(density * sum(info.size for info in INFOS))
    assert max(found.values()) <= 1


def test_epsilon_decides_where_it_is_given() -> None:
    found = expected_densities(config(initialization="erdos_renyi", epsilon=5.0), INFOS)
    assert found["embedding.weight"] == pytest.approx(5 * 524 / 12_000)
    assert found["lstm.0.weight_hh"] == pytest.approx(5 * 120 / 2304)


def test_uniform_gives_each_the_same_and_dense_all() -> None:
    assert set(expected_densities(config(density=0.1), INFOS).values()) == {0.1}
    assert set(expected_densities(config(method="dense"), INFOS).values()) == {1.0}
    assert set(expected_densities(config(method="iss", density=0.3), INFOS).values()) == {0.3}
