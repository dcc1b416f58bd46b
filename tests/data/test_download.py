"""Downloading, from a server in this process: hashes, unpacking, and every way it can fail."""

import hashlib
import http.server
import io
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strnn_viz.data import download as module
from strnn_viz.data import look
from strnn_viz.data.download import REMOTES, Remote, download
from strnn_viz.data.source import PassageSource
from strnn_viz.errors import DataError, UsageError
from tests.data import published

pytest.importorskip("pooch")


class _Server(http.server.ThreadingHTTPServer):
    files: dict[str, bytes]
    agents: list[str]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.agents.append(self.headers["User-Agent"])
        content = self.server.files.get(self.path)
        self.send_response(200 if content is not None else 404)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with _Server(("127.0.0.1", 0), _Handler) as running:
        running.files, running.agents = {}, []
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def offer(server: _Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Serve a file as the one of a corpus, with the hash it has unless another is given."""

    def put(name: str, file: str, content: bytes, hash: str | None = None, wanted: tuple[str, ...] = ()) -> None:
        server.files[f"/{file}"] = content
        known = f"sha256:{hashlib.sha256(content).hexdigest()}" if hash is None else hash
        remote = Remote(f"http://127.0.0.1:{server.server_port}/{file}", known, wanted, 1)
        monkeypatch.setitem(module.REMOTES, name, (remote,))

    return put


def packed(directory: Path, name: str = "aclImdb", extra: list[tarfile.TarInfo] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        tar.add(directory, name)
        for member in extra or []:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return out.getvalue()


IMDB = REMOTES["imdb"][0].wanted


def test_an_archive_is_checked_and_unpacked_without_what_is_not_wanted(
    tmp_path: Path, offer: Any, server: _Server
) -> None:
    offer("imdb", "aclImdb_v1.tar.gz", packed(published.imdb_directory(tmp_path / "made")), wanted=IMDB)
    told: list[tuple[str, int, int]] = []
    result = download("imdb", tmp_path / "to", lambda *x: told.append(x))
    assert result["path"] == str(tmp_path / "to" / "imdb")
    assert (len(result["files"]), result["unchecked"]) == (1, [])
    assert sorted(f.name for f in (tmp_path / "to" / "imdb").iterdir()) == ["test", "train"]
    assert not (tmp_path / "to" / "imdb" / "train" / "unsup").exists()
    assert look("imdb", str(tmp_path / "to")).splits["train"].passages == 20  # type: ignore[union-attr]
    assert told[0][0] == "Downloading aclImdb_v1.tar.gz (bytes)"
    assert told[-1][1] == told[-1][2]
    assert server.agents == ["strnn-viz"]


def test_what_is_there_whole_is_not_downloaded_again(
    tmp_path: Path, offer: Any, server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer("imdb", "a.tar.gz", packed(published.imdb_directory(tmp_path / "made")), wanted=IMDB)
    download("imdb", tmp_path)
    download("imdb", tmp_path)
    assert len(server.agents) == 2, "20 reviews are not the whole corpus"
    source = module.PASSAGES["imdb"]
    small = PassageSource(**{**vars(source), "expected": {"train": 20, "test": 20}})
    monkeypatch.setitem(module.PASSAGES, "imdb", small)
    assert download("imdb", tmp_path)["files"] == []
    assert len(server.agents) == 2


def test_a_zip(tmp_path: Path, offer: Any) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.mkdir("wikitext-2")
        for split in ("train", "valid", "test"):
            archive.writestr(f"wikitext-2/wiki.{split}.tokens", " a b \n")
        archive.writestr("wikitext-2/wiki.train.raw", "no")
    offer("wikitext-2", "wikitext-2-v1.zip", out.getvalue(), wanted=REMOTES["wikitext-2"][0].wanted)
    download("wikitext-2", tmp_path)
    names = sorted(f.name for f in (tmp_path / "wikitext-2").iterdir())
    assert names == ["wiki.test.tokens", "wiki.train.tokens", "wiki.valid.tokens"]


def test_a_file_kept_as_it_is_and_no_hash_known(tmp_path: Path, offer: Any) -> None:
    content = (published.amazon_records(tmp_path / "made", suffix=".gz") / "finefoods.txt.gz").read_bytes()
    offer("amazon", "finefoods.txt.gz", content, hash="")
    result = download("amazon", tmp_path)
    assert result["unchecked"] == result["files"]
    assert (tmp_path / "amazon" / "finefoods.txt.gz").read_bytes() == content
    assert look("amazon", str(tmp_path)).found


def test_another_hash_is_refused_and_nothing_is_kept(tmp_path: Path, offer: Any) -> None:
    offer("imdb", "a.tar.gz", b"an error page", hash="md5:" + "0" * 32, wanted=IMDB)
    with pytest.raises(
        DataError, match=r"sent is not the published file \(its hash is not md5:0{32}\), so it was thrown"
    ):
        download("imdb", tmp_path)
    assert list((tmp_path / "imdb").iterdir()) == []


def test_links_and_ways_out_of_the_archive_are_not_followed(tmp_path: Path, offer: Any) -> None:
    link = tarfile.TarInfo("aclImdb/README")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    out = tarfile.TarInfo("aclImdb/train/pos/../../../../../out.txt")
    absolute = tarfile.TarInfo("/train/pos/1_8.txt")
    out.size = absolute.size = 3
    made = published.imdb_directory(tmp_path / "made")
    offer("imdb", "a.tar.gz", packed(made, extra=[link, out, absolute]), wanted=IMDB)
    download("imdb", tmp_path / "to")
    assert not list(tmp_path.rglob("out.txt"))
    assert not (tmp_path / "to" / "imdb" / "README").exists()
    assert set(tmp_path.iterdir()) == {made, tmp_path / "to"}


def test_an_archive_cut_short_leaves_nothing_half_done(tmp_path: Path, offer: Any) -> None:
    whole = packed(published.imdb_directory(tmp_path / "made"))
    offer("imdb", "a.tar.gz", whole[: len(whole) // 2], wanted=IMDB)
    with pytest.raises(DataError, match=r"cannot unpack .*a\.tar\.gz: .* Remove it and try again\."):
        download("imdb", tmp_path / "to")
    assert [f.name for f in (tmp_path / "to" / "imdb").iterdir()] == ["a.tar.gz"]


def test_no_such_file_and_nobody_there(tmp_path: Path, offer: Any, server: _Server) -> None:
    offer("amazon", "finefoods.txt.gz", b"x")
    server.files.clear()
    with pytest.raises(
        DataError, match=r"cannot download http.*: the server answered 404 Not Found\. Try again later, or"
    ):
        download("amazon", tmp_path)
    server.shutdown()
    server.server_close()
    with pytest.raises(
        DataError, match=r": the server cannot be reached\. Try again later, or fetch http.*into .*amazon"
    ):
        download("amazon", tmp_path)


def test_a_place_that_cannot_be_written(tmp_path: Path, offer: Any) -> None:
    offer("amazon", "finefoods.txt.gz", b"x")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot download .*: (Not a directory|File exists)\."):
        download("amazon", tmp_path / "file")


def test_without_pooch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(UsageError, match=r"needs pooch, which is not installed\. .* pip install 'strnn-viz\[data\]'"):
        download("imdb", tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [("ptb", "Set data.path"), ("twitter", "a colleague's copy"), ("yelp-2018", "Agree to Yelp's terms")],
)
def test_those_without_an_address_say_what_to_do(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(DataError, match=rf"{name} has no public address .*{words}"):
        download(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_embedded_ones_are_there_already(tmp_path: Path) -> None:
    result = download("sotu-era", tmp_path)
    assert (result["embedded"], result["files"]) == (True, [])
    assert (Path(result["path"]) / "sotu.txt.xz").is_file()


def test_the_addresses() -> None:
    assert set(REMOTES) == {"wikitext-2", "imdb", "ag-news", "yelp-polarity", "amazon"}
    remotes = [remote for several in REMOTES.values() for remote in several]
    assert all(remote.url.startswith("https://") for remote in remotes)
    lengths = {"sha256": 64, "md5": 32}
    for remote in remotes:
        algorithm, _, digest = remote.hash.partition(":")
        assert len(digest) == lengths.get(algorithm, 0)
    assert [remote.name for remote in remotes if not remote.hash] == ["finefoods.txt.gz"]
