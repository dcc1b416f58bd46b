"""The ego network of a unit, by its numbers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import unit_degrees
from strnn_viz.views import ego_network, ego_title, palette
from strnn_viz.views._ego import Edge, _chosen, ego_info
from tests.synthetic import make_run
from tests.views import brute

LAYER = "LSTM layer 1"


def connections(run: Run, epoch: int, unit: int) -> Counter[tuple[str, str, bool, int, str]]:
    """What leads into a unit of layer 1 and out of it, position by position."""
    found: Counter[tuple[str, str, bool, int, str]] = Counter()
    for name in ("lstm.0.weight_ih", "lstm.0.weight_hh", "lstm.1.weight_ih"):
        now, before = run[epoch].mask(name), run[epoch - 1].mask(name)
        for r in range(48):
            for c in range(12):
                if not (now[r, c] or before[r, c]):
                    continue
                state = "survived" if now[r, c] and before[r, c] else "born" if now[r, c] else "died"
                if name.startswith("lstm.0") and r % 12 == unit:
                    found[name, "ifgo"[r // 12], False, c, state] += 1
                if name != "lstm.0.weight_ih" and c == unit:
                    found[name, "ifgo"[r // 12], True, r % 12, state] += 1
    return found


@pytest.mark.parametrize("unit", [0, 7])
def test_all_connections_of_a_unit_are_there(full: Run, unit: int) -> None:
    shown = ego_info(full, 3, LAYER, unit=unit)
    expected = connections(full, 3, unit)
    assert Counter((e.matrix, e.gate, e.outward, e.other, e.state) for e in shown.edges) == expected
    states = Counter(state for *_, state in expected.elements())
    assert shown.found == (states["survived"], states["born"], states["died"])
    weights = {n: full[3].weight(n) for n in full.layers}
    for e in shown.edges:
        row = "ifgo".index(e.gate) * 12 + (e.other if e.outward else unit)
        assert e.weight == pytest.approx(float(weights[e.matrix][row, unit if e.outward else e.other]))


def test_a_matrix_alone(full: Run) -> None:
    shown = ego_info(full, 3, "lstm.0.weight_hh", unit=7)
    expected = Counter({k: n for k, n in connections(full, 3, 7).items() if k[0] == "lstm.0.weight_hh"})
    assert Counter((e.matrix, e.gate, e.outward, e.other, e.state) for e in shown.edges) == expected
    assert set(shown.bands) == {("lstm.0.weight_hh", False), ("lstm.0.weight_hh", True)}


def test_the_busiest_unit_of_the_first_topology_is_shown(full: Run) -> None:
    degrees = unit_degrees(full, LAYER, epoch=0)
    busiest = int((degrees.degree("in") + degrees.degree("out")).argmax())
    assert {ego_info(full, e, LAYER).unit for e in (0, 3, 6)} == {busiest}
    assert ego_info(full, 3).unit == busiest


def test_births_and_deaths_are_kept_and_then_the_strongest() -> None:
    def edges(state: str, count: int) -> list[Edge]:
        strength = 0.0 if state == "died" else 0.1
        return [Edge("m", "i", False, i, strength * (i + 1) * (-1) ** i, state) for i in range(count)]

    every = [*edges("survived", 50), *edges("born", 20), *edges("died", 4)]
    kept = Counter(e.state for e in _chosen(every, 30))
    assert kept == {"survived": 16, "born": 10, "died": 4}
    strongest = {e.other for e in _chosen(every, 30) if e.state == "survived"}
    assert strongest == set(range(34, 50))
    assert Counter(e.state for e in _chosen(edges("born", 50), 30)) == {"born": 30}
    assert len(_chosen(every, 150)) == 74
    died = [e.other for e in _chosen([*edges("survived", 99), *edges("died", 40)], 30) if e.state == "died"]
    assert len(died) == 10
    assert max(np.diff(sorted(died))) <= 4  # from all over, and not the first ten


def test_no_more_edges_than_asked_for(full: Run) -> None:
    shown = ego_info(full, 3, LAYER, max_edges=9)
    assert len(shown.edges) == 9
    assert sum(shown.found) > 9
    with pytest.raises(UsageError, match="max_edges = 2"):
        ego_info(full, 3, LAYER, max_edges=2)
    with pytest.raises(UsageError, match="unit = 12"):
        ego_info(full, 3, LAYER, unit=12)


def test_units_keep_their_places(full: Run, renderer: Any) -> None:
    places: dict[tuple[str, bool, int], set[tuple[float, float]]] = {}
    for epoch in (1, 3, 6):
        shown = ego_info(full, epoch, LAYER)
        for e in shown.edges:
            band = shown.bands[e.matrix, e.outward]
            places.setdefault((e.matrix, e.outward, e.other), set()).add((band.x, band.y(e.other)))
    assert all(len(found) == 1 for found in places.values())
    assert len({place for found in places.values() for place in found}) == len(places)


def test_edges_have_the_colours_and_marks_of_their_states(full: Run, renderer: Any) -> None:
    shown = ego_info(full, 3, LAYER)
    _, edges, ends, _ = brute.sources(renderer.get_plot(ego_network(full, 3, layer=LAYER)).state)
    looks = {palette.SURVIVED: "circle", palette.BORN: "triangle", palette.DIED: "inverted_triangle"}
    assert Counter(edges["color"]) == Counter(dict(zip(looks, shown.found, strict=True)))
    assert [looks[c] for c in edges["color"]] == list(ends["marker"])
    strongest = int(np.argmax([abs(e.weight) for e in shown.edges]))
    assert int(np.argmax(edges["line_width"])) == strongest
    assert max(edges["line_width"]) == pytest.approx(3.0)


def test_titles_count_what_became_of_the_connections(full: Run) -> None:
    survived, born, died = ego_info(full, 3, LAYER, unit=7).found
    text = f"LSTM layer 1, unit 7, epoch 3: {survived} connections survived, {born} born, {died} died"
    assert ego_title(full, 3, layer=LAYER, unit=7) == text
    total = survived + born + died
    assert ego_title(full, 3, layer=LAYER, unit=7, max_edges=9) == f"{text}; 9 of {total} drawn"


def test_names_stand_beside_their_units_and_tell_the_depths_of_a_highway_layer_apart(
    tmp_path: Path, renderer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = ("input", "recurrent", "recurrent")
    infos = [LayerInfo(f"m{i}", (16, 8), role, "RHN layer 1", ("h", "t")) for i, role in enumerate(roles)]
    monkeypatch.setattr("tests.synthetic.layer_infos", lambda hidden: infos)
    run = make_run(tmp_path / "rhn", epochs=2, hidden=8)
    names = [band.name for (_, outward), band in ego_info(run, 2, "RHN layer 1").bands.items() if outward]
    assert names == ["RHN layer 1, recurrent 1", "RHN layer 1, recurrent 2"]
    words = brute.sources(renderer.get_plot(ego_network(run, 2, layer="RHN layer 1")).state)[-1]
    every = zip(words["text"], words["ego_x"], words["text_align"], strict=True)
    beside = [(t, x, a) for t, x, a in every if "\n" in t]
    assert {a for _, _, a in beside} == {"left", "right"}
    assert all((x > 2) if a == "left" else (x < 0) for _, x, a in beside)
    assert "RHN layer 1,\nrecurrent 2" in [t for t, _, _ in beside]
