from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strnn_viz.dashboard.link import ComparedPlace, Place, compare_link, explorer_link, read_compared, read_place

SIDES = st.lists(st.integers(0, 9999), min_size=2, max_size=2, unique=True).map(
    lambda two: [s / 1e4 for s in sorted(two)]
)
WINDOWS = st.one_of(st.none(), st.tuples(SIDES, SIDES).map(lambda s: (s[0][0], s[1][0], s[0][1], s[1][1])))
TEXT = st.text(max_size=12).map(str.strip)


def read(query: str) -> tuple[Place, list[str]]:
    return read_place({name: [v.encode() for v in values] for name, values in parse_qs(query).items()})


@given(TEXT, st.one_of(st.none(), st.integers(0, 10**8)), TEXT, TEXT, st.lists(WINDOWS, max_size=2))
def test_an_address_leads_back_to_what_was_seen(run, epoch, layer, view, zoom) -> None:
    place = Place(run=run, epoch=epoch, layer=layer, view=view, zoom=tuple(zoom) if any(zoom) else ())
    assert read(place.query) == (place, [])


def test_only_what_is_not_usual_is_told() -> None:
    assert Place().query == ""
    place = Place(run="demo uniform", epoch=3, layer="LSTM layer 1", zoom=((0.25, 0, 0.5, 1), None))
    assert place.query == "run=demo%20uniform&epoch=3&layer=LSTM%20layer%201&zoom=0.25,0,0.5,1;"


@pytest.mark.parametrize("epoch", ["-1", "1.5", "twelve", "1e3", "9" * 10, "²"])
def test_an_epoch_that_is_none_is_told(epoch: str) -> None:
    place, problems = read_place({"epoch": [epoch.encode()]})
    assert place.epoch is None
    assert problems == [f"The address asks for epoch {epoch!r}, where a whole number from 0 on is expected."]


@pytest.mark.parametrize(
    "zoom", ["1", "0,0,1", "0,0,0,1", "0,0,2,1", "a,b,c,d", "nan,0,1,1", "0,0,1,inf", "0.5,0,0.2,1"]
)
def test_a_part_that_is_none_is_told(zoom: str) -> None:
    place, problems = read_place({"zoom": [zoom.encode()], "run": [b"a"]})
    assert place == Place(run="a")
    assert len(problems) == 1
    assert zoom in problems[0]


def test_bytes_that_are_no_text_and_unknown_names_do_no_harm() -> None:
    place, problems = read_place({"run": [b"\xff\xfe"], "theme": [b"dark"], "epoch": [b"1", b"2"], "view": []})
    assert place == Place(run="��", epoch=2)
    assert problems == []


@given(
    st.lists(TEXT.filter(bool), max_size=3),
    st.one_of(st.none(), st.integers(0, 10**8)), TEXT, TEXT, TEXT, WINDOWS,
)  # fmt: skip
def test_an_address_of_a_comparison_leads_back_too(runs, epoch, matrix, mode, pair, zoom) -> None:
    place = ComparedPlace(tuple(runs), epoch, matrix, mode, pair, zoom)
    arguments = {name: [v.encode() for v in values] for name, values in parse_qs(place.query).items()}
    assert read_compared(arguments) == (place, [])


def test_an_address_of_a_comparison_tells_only_what_is_not_usual() -> None:
    assert ComparedPlace().query == ""
    place = ComparedPlace(("a", "b"), 3, "lstm.0.weight_ih", "swipe", "B,A", (0.25, 0, 0.5, 1))
    assert place.query == "runs=a,b&epoch=3&matrix=lstm.0.weight_ih&mode=swipe&pair=B,A&zoom=0.25,0,0.5,1"
    assert read_compared({"runs": [b"50%, b%"]}) == (ComparedPlace(("50%", "b%")), [])  # as a person writes it
    assert read_compared({"runs": [b"a", b"b, c,"]}) == (ComparedPlace(("a", "b", "c")), [])
    found, problems = read_compared({"epoch": [b"-1"], "zoom": [b"1"]})
    assert found == ComparedPlace()
    assert len(problems) == 2


def test_links_name_runs_whatever_they_are_called() -> None:
    assert explorer_link("a b&") == "./explorer?run=a%20b%26"
    assert compare_link(["a", "50%, ü & <b>=+"]) == "./compare?runs=a,50%2525%252C%20%C3%BC%20%26%20%3Cb%3E%3D%2B"
