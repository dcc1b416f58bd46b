import errno

import pytest

from strnn_viz.errors import StrnnVizError, UsageError
from strnn_viz.exporting.out import replacing


def test_a_file_appears_whole_and_with_the_usual_permissions(tmp_path):
    out = tmp_path / "a.csv"
    with replacing(out) as part:
        part.write_text("x")
        assert part.suffix == ".csv"
        assert not out.exists()
    assert out.read_text() == "x"
    plain = tmp_path / "plain"
    plain.touch()
    assert out.stat().st_mode == plain.stat().st_mode


def test_what_is_there_is_kept_without_force_and_where_writing_fails(tmp_path):
    out = tmp_path / "a.csv"
    out.write_text("old")
    with pytest.raises(UsageError, match="exists already.*--force"), replacing(out):
        pytest.fail("nothing may be written")
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(StrnnVizError, match="cannot write .*a.csv: No space left"), replacing(out, force=True) as part:
        part.write_text("half")
        raise full
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]
    assert out.read_text() == "old"
    with replacing(out, force=True) as part:
        part.write_text("new")
    assert out.read_text() == "new"


def test_places_nothing_can_be_written_to(tmp_path):
    with pytest.raises(UsageError, match="is a directory"), replacing(tmp_path):
        pytest.fail("nothing may be written")
    with pytest.raises(UsageError, match="there is no directory .*nowhere"), replacing(tmp_path / "nowhere" / "a.csv"):
        pytest.fail("nothing may be written")
