"""Files of corpora: plain, compressed, cut short, not text, not CSV."""

import gzip
import lzma
import os
from pathlib import Path

import pytest

from strnn_viz.data.files import first_of, lines, rows
from strnn_viz.data.source import silent
from strnn_viz.errors import DataError

TEXT = "".join(f"line {i}\n" for i in range(5000))
PACKED = {"": TEXT.encode(), ".gz": gzip.compress(TEXT.encode()), ".xz": lzma.compress(TEXT.encode())}


@pytest.mark.parametrize("suffix", PACKED)
def test_lines_and_progress(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"x.txt{suffix}"
    file.write_bytes(PACKED[suffix])
    told: list[tuple[int, int]] = []
    assert "".join(lines(file, "Mend it.", lambda *x: told.append(x))) == TEXT
    size = len(PACKED[suffix])
    assert len(told) == 4  # every 2,000 lines, and at the end
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
@pytest.mark.parametrize("keep", [0.6, 0.01])
def test_a_file_cut_short(tmp_path: Path, suffix: str, keep: float) -> None:
    file = tmp_path / f"x.txt{suffix}"
    file.write_bytes(PACKED[suffix][: max(1, int(len(PACKED[suffix]) * keep))])
    with pytest.raises(DataError, match=rf"x\.txt{suffix} is damaged or cut short .*Mend it\."):
        list(lines(file, "Mend it.", silent))


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
def test_a_file_that_is_not_what_its_name_says(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"x.txt{suffix}"
    file.write_bytes(b"plain text, not packed at all")
    with pytest.raises(DataError, match=r"is damaged or cut short"):
        list(lines(file, "Mend it.", silent))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.txt is missing\. Mend it\."):
        list(lines(tmp_path / "none.txt", "Mend it.", silent))
    with pytest.raises(DataError, match=rf"cannot read {tmp_path}: Is a directory\. Mend it\."):
        list(lines(tmp_path, "Mend it.", silent))
    (tmp_path / "x.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(DataError, match=r"x\.txt is not UTF-8 text \(.*\)\. Mend it\."):
        list(lines(tmp_path / "x.txt", "Mend it.", silent))
    assert list(lines(tmp_path / "x.txt", "Mend it.", silent, encoding="latin-1")) == ["café\n"]


def test_rows(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text('1,"a ""b""\nc"\n\n2,d\n')
    assert list(rows(file, "", silent)) == [(2, ["1", 'a "b"\nc']), (4, ["2", "d"])]


@pytest.mark.parametrize(
    ("text", "line"),
    [('1,a\n2,"never closed\n', 2), ('1,"a"b\n', 1), ("1," + "x" * 200_000 + "\n", 1)],
)
def test_rows_that_are_not_csv(tmp_path: Path, text: str, line: int) -> None:
    file = tmp_path / "x.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=rf"x\.csv, line {line}: not a row of CSV \(.*\)\. Mend it\."):
        list(rows(file, "Mend it.", silent))


def test_the_first_of_some_files(tmp_path: Path) -> None:
    assert first_of(tmp_path, "a", "b") == tmp_path / "a"
    (tmp_path / "b.gz").touch()
    assert first_of(tmp_path, "a", "b") == tmp_path / "b.gz"
    (tmp_path / "a.xz").touch()
    assert first_of(tmp_path, "a", "b") == tmp_path / "a.xz"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_nobody_may_read(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.touch(mode=0)
    with pytest.raises(DataError, match=r"cannot read .*: Permission denied"):
        list(lines(file, "", silent))
