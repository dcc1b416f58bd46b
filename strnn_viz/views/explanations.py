"""What each view shows, in a paragraph for a person who sees it for the first time, and where it comes from."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from strnn_viz.errors import UsageError

_PAPER = "Liu et al. 2021"


@dataclass(frozen=True)
class Explanation:
    """What a person looks at.

    Attributes
    ----------
    name : str
        What the view is called.
    text : str
        One paragraph: what is drawn, and what to look for.
    source : str
        The section of the paper it comes from, or where else it is described.
    """

    name: str
    text: str
    source: str


#: By the name of the function that draws the view.
EXPLANATIONS: dict[str, Explanation] = {
    "mask_evolution": Explanation(
        "Connections",
        "Every cell is a place in a weight matrix, a row for each unit that reads and a column for each that is read; "
        "the rows of an LSTM come in four blocks, one a gate. Grey connections were there at the epoch before, green "
        "ones are new, orange ones have just gone, and nothing is drawn where there is no connection. Where there are "
        "more places than pixels a cell stands for a block of them, and is stronger the more of it is connected. The "
        "strips at the edges count the connections of every row and column. Look for columns that fill up or empty: "
        "such a unit is listened to more, or less, than before.",
        f"{_PAPER}, Section 3 and Algorithm 1; pruning Section 3.2, regrowing Section 3.3.",
    ),
    "learning_curves": Explanation(
        "Learning",
        "How well the network does after each epoch: perplexity of a language model (the number of words it hesitates "
        "between; lower is better, and the axis is logarithmic), or accuracy of a classifier. The dashed curve is the "
        "text it trains on, the solid one is text it has never seen. A short tick at the bottom marks an epoch after "
        "which connections were replaced. Look whether a rewiring disturbs the curve, and where the two curves part: "
        "from there on the network learns its training text by heart.",
        f"{_PAPER}, Sections 4.1 and 4.2; Tables 2 to 5 are such curves at their best epoch.",
    ),
    "prune_rate": Explanation(
        "Prune rate",
        "The solid curve is the share of the active connections that the rewiring after each epoch removes. In ST-RNN "
        "it falls along half a cosine to zero, so that the topology is searched widely at first and rests in the end. "
        "The dotted grey curve is the learning rate, drawn from zero to its own highest; its value at the epoch shown "
        "is written beside it.",
        f"{_PAPER}, Section 3.2 (decay) and Section 3.4 (cosine); its influence: Section 5.1.1 and Fig. 2.",
    ),
    "magnitudes": Explanation(
        "Weight magnitudes",
        "A histogram of |w| for each of several epochs, one before the other, on a logarithmic axis; exact zeros stand "
        "apart at the left. The epoch shown is in front, with the weights born since the epoch before in green. The "
        "amber mark is the largest magnitude that the rewiring pruned. Look whether newborn weights, which begin at "
        "zero, grow past that mark before the next rewiring: those that do not are pruned again.",
        f"{_PAPER}, Section 3.2, Eq. 5 (importance) and Eq. 6 (threshold γ).",
    ),
    "magnitude_map": Explanation(
        "Magnitude map",
        "The same histograms as columns of colour, one for each epoch, so that no epoch is left out: the stronger the "
        "colour, the larger the share of weights of that size, on a square root scale so that rare sizes are seen too. "
        "Exact zeros are a row of their own below. Short lines mark the threshold below which weights were pruned. "
        "Look how the mass moves up as weak weights are replaced, and how it rests once the prune rate has fallen.",
        f"{_PAPER}, Section 3.2, whose rule prunes by magnitude.",
    ),
    "connectivity_distance": Explanation(
        "Connectivity distance",
        "How much of the topology has changed, place by place: 0 if two epochs have the very same connections, 1 if "
        "they share none. The solid curve compares with the first topology, the dashed one with the epoch before. "
        "Two random topologies of this density are as far apart as the dashed straight line; where the solid curve "
        "gets close to it, little more is left of the first topology than chance would leave.",
        "Jaccard distance of the two sets of connections (Jaccard 1912). Not part of the paper.",
    ),
    "survival_curves": Explanation(
        "Survival",
        "Of the connections born in some epochs, the share that is still there after so many epochs more; the band "
        "holds the true share with 95% confidence. The first topology has a curve of its own. Connections that still "
        "live count for as long as they have been watched. A steep beginning means that most newborn connections are "
        "pruned soon; a flat end that those which stayed are safe.",
        "Kaplan & Meier 1958, with the rewirings of Algorithm 1 as the deaths. Not part of the paper.",
    ),
    "turnover": Explanation(
        "Turnover",
        "The dashed curve is the share of connections that came or went at each epoch. The solid one is the share of "
        "all places that have ever been connected, Rₛ: a sparse network explores a large space over time while it "
        "never holds more than its budget. A fixed topology would stay at the straight line.",
        "Liu, Yin, Mocanu & Pechenizkiy 2021, in-time over-parameterization (ICML). Not part of the paper.",
    ),
    "degree_distribution": Explanation(
        "Degrees",
        "How many connections lead into the units of a layer (upward) and out of them (downward), as multiples of "
        "their mean. The line is what pure chance would give with as many connections. Bars far to the right of it "
        "are hubs; bars at zero are units that nothing leads to, or that nothing reads. A topology that training "
        "shapes is wider than the line.",
        f"{_PAPER}, Section 3.1 (Eq. 4 is the random start); hubs in sparse training: Mocanu et al. 2018.",
    ),
    "gate_density_strip": Explanation(
        "Gates",
        "Each strip is a gate of a matrix and runs over the epochs; its colour is the share of its places that are "
        "connected. The budget belongs to the whole matrix, so gates compete for it: one whose weights are larger "
        "loses fewer connections. Look which gate grows denser, and whether it does so in every layer.",
        f"{_PAPER}, Section 3: Eq. 1 names the gates i, f, g and o, Fig. 1 draws the cell.",
    ),
    "age_map": Explanation(
        "Age map",
        "Every connection in its place, coloured by the epochs since it was born: sand is new, blue has been there "
        "longest. Where a cell stands for several places it is their mean, and stronger the more of them are "
        "connected. Blue rows or columns are units that training keeps; sandy ones are still being tried out.",
        f"Follows from the masks of {_PAPER}, Algorithm 1. The map itself is not part of the paper.",
    ),
    "age_pyramid": Explanation(
        "Age pyramid",
        "How many connections there are of each age in epochs: newborn ones at the left, those of the first topology "
        "at the right. The axis is one of square roots, so that small groups can be seen. Each rewiring cuts a share "
        "of every bar and puts as many at age zero.",
        f"Follows from the masks of {_PAPER}, Algorithm 1. The pyramid itself is not part of the paper.",
    ),
    "adjacency": Explanation(
        "By degree",
        "The connections as in the masks, but with the units sorted: those with the most connections at the first "
        "epoch come first, and the order then stays. If busy units stayed busy, the upper left corner would stay "
        "full; where it fades, training has spread the connections differently.",
        f"Section 3.1 of {_PAPER} describes the random start it compares with. The order is not part of the paper.",
    ),
    "nnstd_distance": Explanation(
        "NNSTD",
        "How far two topologies are apart if the units of one may be renamed to fit the other as well as possible. "
        "The solid and the dashed curve are multiples of what independent random topologies have, so that 1 means "
        "unrelated; the dotted ones are the raw distance. If these curves stay far below the connectivity distance, "
        "the network has kept its shape and only swapped the roles of its units.",
        f"Liu et al. 2020, reference 35 of {_PAPER}, Section 2.2.2; extended here to recurrent layers, whose four "
        "gates and two roles share one renaming.",
    ),
    "distance_map": Explanation(
        "Epochs apart",
        "Every epoch against every other: the lighter a cell, the more the two topologies differ. The lines cross at "
        "the epoch shown. A dark block on the diagonal is a time in which the topology hardly moved; a dark cell far "
        "from it would be a return to an earlier topology, which random regrowing does not bring about.",
        "Jaccard distances of all pairs of epochs. Not part of the paper.",
    ),
    "distance_path": Explanation(
        "Path",
        "Each dot is the topology of an epoch, placed so that distances on paper come as close as they can to the "
        "true ones. Large steps at first and small ones later are the prune rate falling. A path that bends away "
        "and does not return is a search; one that walks on the spot has settled.",
        "Multidimensional scaling of the Jaccard distances (Kruskal 1964; De Leeuw 1977). Not part of the paper.",
    ),
    "ego_network": Explanation(
        "One unit",
        "One hidden unit in the middle with its gates, what it reads at the left and what reads it at the right; "
        "unless another is chosen, the one with most connections in the first topology. A dot is a connection that "
        "survived, a triangle that points up one just born, one that points down one that died; a thicker line is a "
        "larger weight. A connection of the layer to itself leads from one time step to the next.",
        f"{_PAPER}, Section 3: Eq. 1 and Fig. 1, drawn for one unit.",
    ),
    "rewiring_frame": Explanation(
        "One rewiring",
        "One rewiring that really took place, in four frames on a small part of one matrix: the weights as they were, "
        "the smallest of them pruned, the places that are free and the number to be regrown, and where connections "
        "were grown. Squares are as large as |w|, and hollow where the weight is negative.",
        f"{_PAPER}, Algorithm 1, lines 8 to 16; Section 3.2 (Eq. 5 and 6) and Section 3.3 (Eq. 7).",
    ),
    "compared_mask": Explanation(
        "Connections side by side",
        "The same matrix in every run, each at its epoch nearest to the cursor: a row for each unit that reads and a "
        "column for each that is read. Grey connections were there at the epoch before, green ones are new, orange "
        "ones have just gone. All masks share one colour scale and one zoom, so that equal strength means equal "
        "density. The buttons and the wheel zoom, the wheel with Ctrl or ⌘ held where the page scrolls. Look whether "
        "rows or columns fill up in one run and not in another.",
        f"{_PAPER}, Section 3 and Algorithm 1; the two first topologies: Section 3.1.",
    ),
    "mask_difference": Explanation(
        "Two masks over each other",
        "Two runs at once, place by place: connections that only the first has, those of both in grey, and those that "
        "only the second has. A swipe shows the one mask at the left of a divider and the other at its right. The "
        "table counts them, beside what two independent random masks of these densities would share. Where no more "
        "is shared than that, the two runs have nothing in common but their number of connections.",
        "Jaccard index and overlap coefficient of the two sets of connections. Not part of the paper.",
    ),
    "compared_learning": Explanation(
        "Learning of each run",
        "What validation measured in each run after each epoch, over each other: perplexity of a language model (lower "
        "is better, and the axis is logarithmic), or accuracy of a classifier. A run has its letter, colour, dash and "
        "mark everywhere on this page. Look at which epoch the curves part, and whether they end at one height.",
        f"{_PAPER}, Sections 4.1 and 4.2; Tables 2 to 5 compare such curves at their best epoch.",
    ),
    "compared_gap": Explanation(
        "Gap",
        "How much each run is above or below the first: as a share of its perplexity, or in points of accuracy. The "
        "straight line at zero is the first run itself. Where there are several seeds of both kinds of run the curve "
        "is over all of them, and the band shows how much seeds alone make of a difference; a gap whose band holds "
        "zero says little. One seed of each has no band, and so no measure of chance.",
        f"{_PAPER}, Sections 4.1 and 4.2, whose tables compare methods. Bands over seeds are not part of the paper.",
    ),
    "compared_density": Explanation(
        "Density of each matrix",
        "A bar for each matrix and run: the share of its places that are connected. The short line is where the "
        "initialization puts it. A uniform start gives every matrix one density; an Erdős–Rényi start gives small "
        "matrices more and large ones less, with as many connections in all. Look whether training moves the bars "
        "away from their lines.",
        f"{_PAPER}, Section 3.1 (Eq. 4 is the Erdős–Rényi start).",
    ),
    "compared_distance": Explanation(
        "Distance between runs",
        "How far the topology of each run is from that of the first, over epochs: 0% is the very same connections, and "
        "100%, the dashed line, is as far apart as independent random masks are. The strong curves compare place by "
        "place; the faint ones, NNSTD, let the units of one run be renamed to fit the other as well as possible. A "
        "faint curve well below its strong one means that both found one shape with other units in its roles.",
        f"Jaccard distance, not part of the paper; NNSTD: Liu et al. 2020, reference 35 of {_PAPER}, Section 2.2.2.",
    ),
}


def explanation(view: str) -> Explanation:
    """What a view shows.

    Parameters
    ----------
    view : str
        Name of the function that draws it, for example ``"mask_evolution"``.

    Raises
    ------
    UsageError
        If there is no such view; the nearest name is suggested.
    """
    try:
        return EXPLANATIONS[view]
    except KeyError:
        near = difflib.get_close_matches(view, EXPLANATIONS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"no view is called {view!r}.{hint} There are: {', '.join(EXPLANATIONS)}.") from None
