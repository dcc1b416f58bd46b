"""The build: exact tables for each rule, and that the same input gives the same bytes."""

import json
from pathlib import Path

import pytest

from strnn_viz.data.build_sotu import build, main, split_of
from strnn_viz.data.sotu_clean import clean
from strnn_viz.data.sotu_compounds import Compounds
from strnn_viz.data.sotu_tokens import sentences, tokenize


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("It works. (Applause.) It does.", "It works. It does."),
        ("Down the hall—(applause)—we met.", "Down the hall -- we met."),
        ("I groan. [Laughter] [At this point, some responded.] The President. To go on.", "I groan. To go on."),
        ("our Order,[1] made it. [Footnote 1: Order 9 (3 CFR, p. 5.)] We", "our Order, made it. We"),
        ("great because [p.2] we have been", "great because we have been"),
        ("A sunshine [sunset] law, [the] House, [$]1.1 billion.", "A sunshine law, the House, $1.1 billion."),
        ("It’s “naïve” in Guaidó’s view", "It's \"naive\" in Guaido's view"),
        ("It ended.We began.", "It ended. We began."),
        ("aid for low- and middle-income families", "aid for low and middle-income families"),
        ("here at home. CIVIL RIGHTS We have seen", "here at home. We have seen"),
        ("The first is: FISCAL INTEGRITY A public office", "The first is: fiscal integrity. A public office"),
        ("in our time. NATO has grown. A President knows.", "in our time. NATO has grown. A President knows."),
        ("at last. III. First, (2) second.", "at last. First, second."),
        ("We need: -more work; and -The best.", "We need:\nmore work; and\nThe best."),
        ("all right. (responding to Members: I know, I won.) My agenda", "all right. I know, I won. My agenda"),
    ],
)
def test_clean(printed: str, expected: str) -> None:
    assert clean(printed, 1970) == expected


def test_headings_are_looked_for_only_where_there_are_any() -> None:
    assert clean("He came home. USA FREEDOM We chant", 2019) == "He came home. USA FREEDOM We chant"


def test_a_known_slip_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="'homeowner-ship' once in 2004, found it 0 times"):
        clean("Nothing to mend.", 2004)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Mr. Speaker, I thank you. We begin.", 2),
        ("Harry S. Truman came. H. G. Wells wrote.", 2),
        ("We lead in the U.S. economy. It is ours in the U.S. We know.", 3),
        ("After World War I. Farm prices fell.", 2),
        ('He said, "We go." Then they went! Why? Because.', 4),
        ("Proposal No. 1 passed. No. We will not.", 3),
        ("Martin Luther King, Jr. led us. It cost $1.5 million.", 2),
        ("Two points:\nfirst this;\nthen that.", 3),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert len(sentences(text)) == count
    assert " ".join(sentences(text)) == text.replace("\n", " ")


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("We don't, can't and won't; it's America's.", "we do n't , ca n't and wo n't ; it 's america 's ."),
        ("The workers' rights cannot wait.", "the workers ' rights can not wait ."),
        ("Mr. King, Jr., of the U.S.", "mr. king , jr. , of the u.s. ."),
        ("$3 1/2 billion, or 6.9%, in 1,946 of the 1990's.", "$ N billion , or N % , in N of the Ns ."),
        ("the 21st, 82d and 30th; a 21st-century 30-year-old", "the Nth , Nth and Nth ; a Nth-century N-year-old"),
        ("COVID-19, B-52s, 9/11, 401(k)s, HIV/AIDS and R&D", "covid-19 , b-52s , 9/11 , N(k)s , hiv/aids and r&d"),
        ("from 1960 to '70 -- at 9:30.", "from N to N -- at N ."),
        ("\"We're like 'goodness.'\"", '" we \'re like " goodness . " "'),
        ("the U.N.'s men and O'Neill", "the u.n. 's men and o'neill"),
    ],
)
def test_tokenize(sentence: str, expected: str) -> None:
    assert " ".join(tokenize(sentence)) == expected


def test_a_hyphen_is_told_from_a_dash() -> None:
    compounds = Compounds(careful=["a job-training plan"], careless=["a war-torn land"] * 3)
    for printed, expected in {
        "war must be waged-it is": "war must be waged -- it is",
        "self-government-with women": "self-government -- with women",
        "long-term job-training": "long-term job-training",
        "war-torn victories-vital cost-of-living": "war-torn victories -- vital cost -- of -- living",
        "in 1947-the F-16 and a 30-year loan": "in 1947 -- the F-16 and a 30-year loan",
        "one-third-11 billion": "one-third -- 11 billion",
    }.items():
        assert compounds.split(printed) == expected


def test_one_of_nine_is_for_validation_and_one_for_test() -> None:
    assert [split_of(i)[:2] for i in range(9)] == ["tr", "tr", "tr", "va", "tr", "tr", "tr", "te", "tr"]
    assert split_of(12) == "valid"


def write_package(root: Path) -> Path:
    folder = root / "data"
    folder.mkdir(parents=True)
    for year, name, party in [
        (1953, "Harry S Truman", "Democratic"),
        (1953, "Dwight D Eisenhower", "Republican"),
        (1944, "Franklin D Roosevelt", "Democratic"),
    ]:
        speech = {"year": year, "name": name, "party": party, "text": f"I am {name}. (Applause.) Thank you!"}
        (folder / f"{year}_{name.split()[-1]}.json").write_text(json.dumps(speech), encoding="utf-8")
    return root


def test_build_writes_a_header_and_one_sentence_a_line(tmp_path: Path) -> None:
    assert build(write_package(tmp_path)).splitlines() == [
        "# 1953 Harry S. Truman (D) train",
        "i am harry s truman .",
        "thank you !",
        "# 1953 Dwight D. Eisenhower (R) train",
        "i am dwight d eisenhower .",
        "thank you !",
    ]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = write_package(tmp_path / "package")
    for name in ("a.xz", "b.xz"):
        main([str(package), "--output", str(tmp_path / name)])
    assert (tmp_path / "a.xz").read_bytes() == (tmp_path / "b.xz").read_bytes()
    assert "b.xz" in capsys.readouterr().out


def test_an_empty_package_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no addresses"):
        build(tmp_path)
