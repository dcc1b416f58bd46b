"""Downloading the corpora that have a public address, and unpacking them."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from strnn_viz.data.catalogue import check_name, look
from strnn_viz.data.corpus import SOURCES
from strnn_viz.data.passages import PASSAGES
from strnn_viz.data.source import Progress, silent
from strnn_viz.errors import DataError, UsageError


@dataclass(frozen=True)
class Remote:
    """One file to download.

    Attributes
    ----------
    url : str
        Its address.
    hash : str
        ``algorithm:digest`` that others published for it; empty where none is known to us.
    wanted : tuple of str
        For an archive, the parts of it to unpack: directories, or names of files. Empty: it is kept as it is.
    megabytes : int
        About how large it is.
    """

    url: str
    hash: str
    wanted: tuple[str, ...]
    megabytes: int

    @property
    def name(self) -> str:
        """The file's name."""
        return self.url.rpartition("/")[2]


_AG = "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv"

#: Where each corpus with a public address can be had. The hashes are those that torchtext, fast.ai and GluonNLP check.
REMOTES: dict[str, tuple[Remote, ...]] = {
    "wikitext-2": (
        Remote(
            "https://wikitext.smerity.com/wikitext-2-v1.zip",
            "sha256:92675f1d63015c1c8b51f1656a52d5bdbc33aafa60cc47a218a66e7ee817488c",
            ("wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens"),
            4,
        ),
    ),
    "imdb": (
        Remote(
            "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
            "md5:7c2ac02c03563afcf9b574c7e56c153a",
            ("README", "train/pos", "train/neg", "test/pos", "test/neg"),
            84,
        ),
    ),
    "ag-news": (
        Remote(f"{_AG}/train.csv", "md5:b1a00f826fdfbd249f79597b59e1dc12", (), 29),
        Remote(f"{_AG}/test.csv", "md5:d52ea96a97a2d943681189a97654912d", (), 2),
    ),
    "yelp-polarity": (
        Remote(
            "https://s3.amazonaws.com/fast-ai-nlp/yelp_review_polarity_csv.tgz",
            "sha256:528f22e286cad085948acbc3bea7e58188416546b0e364d0ae4ca0ce666abe35",
            ("train.csv", "test.csv", "readme.txt"),
            166,
        ),
    ),
    "amazon": (Remote("https://snap.stanford.edu/data/finefoods.txt.gz", "", (), 116),),
}


def download(name: str, to: str | Path, progress: Callable[[str, int, int], None] | None = None) -> dict[str, Any]:
    """Bring a corpus into the directory `to`/`name`, unless it is there already.

    Parameters
    ----------
    name : str
        The corpus.
    to : path
        The directory of corpora, as ``$STRNN_VIZ_DATA``.
    progress : callable, optional
        Told (what is done, bytes or files done, of how many).

    Returns
    -------
    dict
        ``name``, ``path``, ``files`` (what was downloaded), ``unchecked`` (those for which no hash is known to us) and
        ``embedded``.

    Raises
    ------
    UsageError
        If there is no such corpus, or pooch is not installed.
    DataError
        If it has no public address, cannot be reached, or is not what it should be.
    """
    source = SOURCES.get(check_name(name)) or PASSAGES[name]
    directory = Path(to).expanduser() / name
    told: dict[str, Any] = {
        "name": name,
        "path": str(directory),
        "files": [],
        "unchecked": [],
        "embedded": source.embedded,
    }
    if source.embedded:
        return told | {"path": source.locate("").as_posix()}
    if name not in REMOTES:
        raise DataError(f"{name} has no public address to download it from. {source.how_to_get}")
    if _complete(name, directory):
        return told
    for remote in REMOTES[name]:
        file = directory / remote.name
        _fetch(remote, directory, _told(progress, f"Downloading {remote.name} (bytes)"))
        if remote.wanted:
            _unpack(file, directory, remote.wanted, _told(progress, f"Unpacking {remote.name} (files)"))
            file.unlink()
        told["files"].append(remote.url)
        if not remote.hash:
            told["unchecked"].append(remote.url)
    return told


def _told(progress: Callable[[str, int, int], None] | None, text: str) -> Progress:
    return silent if progress is None else lambda done, total: progress(text, done, total)


def _complete(name: str, directory: Path) -> bool:
    """Whether the corpus is there whole; a broken or smaller one is downloaded again."""
    return directory.is_dir() and (found := look(name, str(directory))).found and found.complete


def _fetch(remote: Remote, directory: Path, progress: Progress) -> None:
    try:
        import pooch  # type: ignore[import-untyped,unused-ignore]
    except ModuleNotFoundError as error:
        raise UsageError(
            "downloading needs pooch, which is not installed. Install it with: pip install 'strnn-viz[data]'"
        ) from error
    by_hand = f"Try again later, or fetch {remote.url} by other means and put what is in it into {directory}."
    pooch.get_logger().setLevel("WARNING")  # what it would say, the progress and the result say
    # Some servers turn away what does not name itself.
    fetcher = pooch.HTTPDownloader(progressbar=_Meter(progress), timeout=30, headers={"User-Agent": "strnn-viz"})
    try:
        pooch.retrieve(remote.url, remote.hash or None, fname=remote.name, path=directory, downloader=fetcher)
    except ValueError as error:  # pooch's word for a hash that is not the known one
        raise DataError(
            f"what {remote.url} sent is not the published file (its hash is not {remote.hash}), so it was thrown "
            f"away. {by_hand}"
        ) from error
    except OSError as error:
        raise DataError(f"cannot download {remote.url}: {_reason(error)}. {by_hand}") from error


def _reason(error: OSError) -> str:
    """Why a request failed, in a few words: those of requests run over lines and name classes of Python."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answered {response.status_code} {response.reason}"
    if type(error).__module__.startswith("requests"):
        return "no answer in time" if "Timeout" in type(error).__name__ else "the server cannot be reached"
    return error.strerror or str(error)


class _Meter:
    """What pooch takes for a progress bar of tqdm, telling a function of (done, total)."""

    def __init__(self, progress: Progress) -> None:
        self.total = 0
        self._done, self._progress = 0, progress

    def update(self, size: int) -> None:
        self._done += size
        self._progress(min(self._done, self.total), self.total)

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        pass


def _unpack(file: Path, directory: Path, wanted: tuple[str, ...], progress: Progress) -> None:
    """Unpack the wanted files without the archive's own top directory; they appear all at once, or not at all."""
    part = directory / ".unpacking"
    shutil.rmtree(part, ignore_errors=True)
    try:
        for number, (name, content) in enumerate(_members(file), 1):
            inside = PurePosixPath(*PurePosixPath(name).parts[1:])
            if any(inside.is_relative_to(path) for path in wanted) and ".." not in inside.parts:
                target = part / inside
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as out:
                    shutil.copyfileobj(content, out)
            if number % 500 == 0:
                progress(number, number + 500)  # an archive does not say how many are to come
        for child in sorted(part.iterdir()):
            old = directory / child.name
            if old.is_dir():
                shutil.rmtree(old)
            child.replace(old)
    except (EOFError, tarfile.TarError, zipfile.BadZipFile, OSError) as error:
        raise DataError(f"cannot unpack {file}: {error}. Remove it and try again.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _members(file: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The plain files of an archive: links and devices, which could lead elsewhere, are passed over."""
    if file.suffix == ".zip":
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                if not name.endswith("/"):
                    with archive.open(name) as unpacked:
                        yield name, unpacked
        return
    with tarfile.open(file) as tar:
        for member in tar:
            if member.isfile() and (content := tar.extractfile(member)):
                yield member.name, content
