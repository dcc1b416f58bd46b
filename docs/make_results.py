"""Make docs/results.md of what `strnn-viz reproduce` has written: python docs/make_results.py RUNS [RUNS ...]."""

import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
INTRO = """# Results

What `strnn-viz reproduce` has trained so far, beside the numbers of Liu et al. (2021). Every table is as the command
wrote it; each can be made again, to the digit on one kind of machine, by the command under its title.

**Read the scale first.** Tables at the scale *tiny* are of networks some hundred times smaller than the paper's,
trained for minutes on two CPU cores on the embedded corpus. Their perplexities and accuracies have nothing to do with
the paper's; what they can show is whether an *order* of systems holds at that size. Where one does not, that is a
finding about the small scale, not about the paper. The paper's argument is that large networks have weights to spare;
small ones that cannot even fit their training text have none. *small* is the paper's own classifier, with its sizes,
optimizer and learning rates, on real data: there the numbers may be compared. The paper does not say how many epochs
it trained nor which epoch it tested; here it is that of best validation on a tenth of the training passages held out.

What the FLOPs and parameter counts of Tables 2 and 3 are by the paper's own definitions, and which of its numbers do
not follow from them, `strnn-viz flops ptb-paper` and `strnn-viz flops ptb-rhn` tell.
"""


def main() -> None:
    """Collect the tables of some directories of runs, tables first, in the order of their names."""
    out = HERE / "results"
    out.mkdir(exist_ok=True)
    parts = [INTRO]
    found = [path for folder in sys.argv[1:] for path in Path(folder).glob("*.md")]
    for path in sorted(found, key=lambda p: (p.stem.startswith("fig"), p.stem)):
        text = path.read_text(encoding="utf-8")
        name, scale, *only = path.stem.split("-", 2)
        seeds = re.search(r"(\d+) seeds?;", text)
        command = f"strnn-viz reproduce {name} --scale {scale}" + "".join(f" --only {part}" for part in only)
        command += f" --seeds {seeds[1]}" if seeds and seeds[1] != "1" else ""
        title, _, rest = text.removeprefix("# ").partition("\n")
        rest = rest.replace(f"({path.stem}.svg)", f"(results/{path.stem}.svg)")
        parts.append(f"## {title}{f' ({only[0]})' if only else ''}\n\n`{command}`\n{rest.rstrip()}\n")
        for ending in (".csv", ".svg"):
            shutil.copy(path.with_suffix(ending), out / f"{path.stem}{ending}")
    (HERE / "results.md").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
