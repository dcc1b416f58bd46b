"""What a new run may be, in words: presets and whether their text is here, methods, and what each leaves open."""

from __future__ import annotations

from strnn_viz.config import RunConfig, preset, preset_text, presets
from strnn_viz.data.corpus import SOURCES
from strnn_viz.data.passages import PASSAGES
from strnn_viz.errors import DataError
from strnn_viz.rules import METHODS
from strnn_viz.runs.forks import CHANGEABLE, text_of

TITLES = {rules.title: name for name, rules in METHODS.items()}
INITIALIZATIONS = {"Uniform": "uniform", "Erdős–Rényi": "erdos_renyi"}

#: What may be varied besides, by configuration key: its title, and what people call each choice.
AXES: dict[str, tuple[str, dict[str, str]]] = {
    "sparsity.granularity": ("Budget", {"of each matrix": "matrix", "of each gate": "gate"}),
    "sparsity.prune": (
        "Prune",
        {"smallest magnitudes": "magnitude", "nearest zero of each sign": "signed", "below one threshold": "threshold"},
    ),
    "sparsity.regrow": (
        "Regrow", {"at random": "random", "largest gradient": "gradient", "largest momentum": "momentum"}
    ),
    "sparsity.redistribution": (
        "Redistribution", {"each matrix its own": "none", "by momentum": "momentum", "by survivors": "survivors"}
    ),
    "sparsity.schedule": (
        "Prune rate falls", {"along a cosine": "cosine", "never": "constant", "along a line": "linear"}
    ),
}  # fmt: skip

#: Numbers and words to type, by configuration key: title and hint.
FIELDS = {
    "sparsity.density": ("Density", "share of weights that are active"),
    "sparsity.prune_rate": ("Prune rate", "share replaced at first"),
    "seed": ("Seed", "the same seed repeats a run exactly"),
}
MORE_FIELDS = {
    "sparsity.epsilon": ("ε of Erdős–Rényi", "decides the density; 0: density does"),
    "sparsity.update_every": ("Steps between rewirings", "0: once an epoch"),
    "sparsity.exclude": ("Left dense", "names of matrices, such as output.*; may be empty"),
}

_AUTO = "auto"


def axis_options(key: str) -> dict[str, str]:
    """The choices of an axis with their values; first, where there is one, what the method does by itself."""
    auto = {"as the method says": _AUTO} if RunConfig().get(key) == _AUTO else {}
    return auto | AXES[key][1]


def axis_hint(method: str, key: str, value: str) -> str:
    """What ``auto`` is with a method that leaves the axis open; empty for a choice that says so itself."""
    if value != _AUTO:
        return ""
    names = {choice: words for words, choice in AXES[key][1].items()}
    return f"{METHODS[method].title}: {names[METHODS[method].own(key.rpartition('.')[2])]}"


def fixed_axes(method: str, initialization: str) -> dict[str, str]:
    """Configuration keys a method leaves no choice of, or that do nothing with it, each with the reason.

    ε has none where the initialization is uniform: that it is Erdős–Rényi's is in its title.

    Parameters
    ----------
    method, initialization : str
        As in the configuration.
    """
    rules = METHODS[method]
    fixed = {f"sparsity.{axis}": reason.format(title=rules.title) for axis, reason in rules.fixed.items()}
    if method == "dense":
        fixed["sparsity.density"] = f"every weight of {rules.title} is active"
    if not rules.rewires:
        still = f"{rules.title} never changes its topology"
        fixed |= {"sparsity.prune_rate": still, "sparsity.update_every": still}
    elif rules.begins_dense:
        fixed["sparsity.prune_rate"] = f"{rules.title} prunes until its density is reached"
    elif "sparsity.prune" in fixed:
        fixed["sparsity.prune_rate"] = fixed["sparsity.prune"]
    if initialization == "uniform":
        fixed.setdefault("sparsity.epsilon", "")
    return {key: reason[:1].upper() + reason[1:] for key, reason in fixed.items()}


def fixed_value(key: str, config: RunConfig) -> str:
    """What is sent for a key that is fixed: the value that leaves it to the method, or else the preset's own."""
    idle = key in ("sparsity.density", "sparsity.prune_rate")
    return text_of((config if idle else RunConfig()).get(key))


def reset_axes(method: str, config: RunConfig) -> dict[str, str]:
    """What a fork that goes on with another method has to leave to it, by configuration key."""
    fixed = set(fixed_axes(method, config.sparsity.initialization)) & set(CHANGEABLE)
    usual = {key: text_of(RunConfig().get(key)) for key in fixed - {"sparsity.density", "sparsity.prune_rate"}}
    return {key: value for key, value in usual.items() if text_of(config.get(key)) != value}


def change_words(key: str, value: object) -> str:
    """A value that a fork changed, as people say it: ``prune rate 0.2``, ``RigL``, ``regrow largest gradient``."""
    if key == "sparsity.method":
        return METHODS[str(value)].title
    if key in AXES:
        title, names = AXES[key]
        said = {choice: words for words, choice in names.items()} | {_AUTO: "as the method says"}
        return f"{title[:1].lower()}{title[1:]} {said[str(value)]}"
    title = {"optimizer.lr": "learning rate"}.get(key, key.rpartition(".")[2].replace("_", " "))
    return f"{title} {text_of(value)}"


def describe(name: str) -> str:
    """What a preset is: the first line of the comment it begins with; and what to do if its text is not here."""
    first = preset_text(name)[0].partition("\n")[0]
    told = first.lstrip("# ") if first.startswith("#") else ""
    if not missing_corpus(name):
        return told
    return f"{told} Its text is not here yet: strnn-viz data {preset(name).data.corpus} says how to get it.".lstrip()


def missing_corpus(name: str) -> str:
    """Why a preset cannot be trained yet, and how to get its text; empty where it is here."""
    data = preset(name).data
    source = SOURCES.get(data.corpus) or PASSAGES[data.corpus]
    try:
        source.locate(data.path)
    except DataError as error:
        return str(error)
    return ""


def grouped_presets() -> dict[str, list[str]]:
    """Presets that can be trained here and now, and those whose text is missing."""
    missing = {name for name in presets() if missing_corpus(name)}
    groups = {
        "Ready": [name for name in presets() if name not in missing],
        "Text not here yet": [name for name in presets() if name in missing],
    }
    return {title: names for title, names in groups.items() if names}
