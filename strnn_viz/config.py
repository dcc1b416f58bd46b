"""What a run is: every knob, its unit, its range and its one home.

A :class:`RunConfig` is a tree of frozen dataclasses, two levels deep. It is read from TOML (a preset of the package
or a user's file), changed with :meth:`RunConfig.replace`, and written into the run it describes. The last part of
every key (``density`` of ``sparsity.density``) is unique in the tree, so it may be used alone.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from strnn_viz.errors import ConfigError
from strnn_viz.rules import METHODS, PRUNE, REDISTRIBUTION, REGROW, SCHEDULE, refuse_senseless, usual


@dataclass(frozen=True)
class Knob:
    """What a value of the configuration may be.

    Attributes
    ----------
    help : str
        What the value does, in a few words.
    unit : str
        Unit of the value; empty for names and switches.
    low, high : float or None
        Inclusive bounds, unless `open_low` excludes the lower one.
    open_low : bool
        Whether `low` itself is refused.
    choices : tuple of str
        The words allowed, where the value is a word.
    """

    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    choices: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """The range or the choices, as words for a message."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        unit = f" ({self.unit})" if self.unit else ""
        above = "above" if self.open_low else "at least"
        if self.low is not None and self.high is not None:
            joint = "and at most" if self.open_low else "and"
            start = f"above {self.low:g}" if self.open_low else f"between {self.low:g}"
            return f"{start} {joint} {self.high:g}{unit}"
        if self.low is not None:
            return f"{above} {self.low:g}{unit}"
        return f"a value{unit}"


def knob(default: Any, help: str, unit: str = "", **limits: Any) -> Any:
    """Declare one configuration field: its default and the :class:`Knob` that says what it may be."""
    return field(default=default, metadata={"knob": Knob(help, unit, **limits)})


#: Corpora by name, and the task each is for.
TASKS = {
    "sotu": "language modelling",
    "ptb": "language modelling",
    "wikitext-2": "language modelling",
    "sotu-era": "classification",
    "twitter": "classification",
    "imdb": "classification",
    "yelp-2018": "classification",
    "ag-news": "classification",
    "amazon": "classification",
    "yelp-polarity": "classification",
}


@dataclass(frozen=True)
class DataConfig:
    """Which text a run reads; the corpus decides the task."""

    corpus: str = knob("sotu", "corpus to train on", choices=tuple(TASKS))
    path: str = knob("", "directory of the corpus; empty: the embedded corpus, or $STRNN_VIZ_DATA")
    vocabulary: int = knob(10_000, "words kept, most frequent first, with <unk> and <eos>", "words", low=3, high=1e7)
    passage: int = knob(100, "words of a passage a classifier reads, from its end", "words", low=1, high=65_536)
    validation: float = knob(
        0.1, "training passages held out for validation, in classification", "fraction", low=0.01, high=0.5
    )


@dataclass(frozen=True)
class ModelConfig:
    """Embedding, recurrent layers, decoder (Zaremba et al. 2014; Zilly et al. 2017), or a classifier's output."""

    cell: str = knob("lstm", "recurrent layer: LSTM, or recurrent highway network", choices=("lstm", "rhn"))
    layers: int = knob(2, "stacked recurrent layers", "layers", low=1, high=64)
    hidden: int = knob(200, "hidden units of each layer", "units", low=1, high=65_536)
    embedding: int = knob(0, "size of a word vector; 0: the same as hidden", "units", low=0, high=65_536)
    depth: int = knob(10, "highway layers within a time step, for rhn", "layers", low=1, high=64)
    tied: bool = knob(False, "share one matrix between embedding and decoder")
    dropout: float = knob(0.0, "share of non-recurrent activations dropped; output's for rhn", "fraction",
                          low=0.0, high=0.99)  # fmt: skip
    word_dropout: float = knob(0.0, "share of words dropped whole, for rhn", "fraction", low=0.0, high=0.99)
    input_dropout: float = knob(0.0, "share of a layer's input dropped, for rhn", "fraction", low=0.0, high=0.99)
    hidden_dropout: float = knob(0.0, "share of the recurrent state dropped, for rhn", "fraction", low=0.0, high=0.99)
    forget_bias: float = knob(0.0, "bias of the forget gate at the start, for lstm", "bias", low=-100, high=100)
    transform_bias: float = knob(-2.0, "bias of the transform gate at the start, for rhn", "bias", low=-100, high=100)
    init_range: float = knob(0.05, "weights start uniform in ± this", "weight", low=0.0, high=10.0, open_low=True)


@dataclass(frozen=True)
class SparsityConfig:
    """Where the connections are, and how they move."""

    method: str = knob("st-rnn", "rule that prunes and regrows", choices=tuple(METHODS))
    density: float = knob(0.33, "active weights of all weights", "fraction", low=0.0, high=1.0, open_low=True)
    epsilon: float = knob(
        0.0, "ε of Erdős–Rényi (Eq. 4), which then decides the density; 0: density does", "ε", low=0.0, high=1e6
    )
    initialization: str = knob("uniform", "first topology", choices=("uniform", "erdos_renyi"))
    granularity: str = knob("matrix", "budget kept per matrix or per gate of it", choices=("matrix", "gate"))
    exclude: str = knob("", "matrices to leave dense: patterns of names, separated by commas, such as output.*")
    prune: str = knob("auto", "what is pruned; auto: as the method says", choices=("auto", *PRUNE))
    regrow: str = knob("auto", "where is regrown; auto: as the method says", choices=("auto", *REGROW))
    redistribution: str = knob(
        "auto", "how matrices share what is regrown; auto: as the method says", choices=("auto", *REDISTRIBUTION)
    )
    schedule: str = knob("auto", "how the prune rate decays; auto: as the method says", choices=("auto", *SCHEDULE))
    prune_rate: float = knob(
        0.5, "active weights replaced at the first update; how it decays is the schedule's", "fraction",
        low=0.0, high=1.0,
    )  # fmt: skip
    update_every: int = knob(0, "steps between two rewirings; 0: once an epoch", "steps", low=0, high=1e9)
    reactivate: bool = knob(True, "whether a weight just pruned may be regrown at once")
    gradient_batches: int = knob(
        16, "batches before a rewiring whose dense gradient is summed, where one is needed", "batches", low=1, high=1e6
    )
    l1: float = knob(1e-5, "pull towards zero, for deepr", "per step", low=0.0, high=10.0)
    temperature: float = knob(1e-8, "strength of the noise on weights, for deepr", "temperature", low=0.0, high=1.0)
    group_lasso: float = knob(1e-4, "penalty on the norm of a hidden unit's weights, for iss", "per norm",
                              low=0.0, high=10.0)  # fmt: skip


@dataclass(frozen=True)
class OptimizerConfig:
    """How the active weights are trained."""

    algorithm: str = knob("sgd", "optimizer; asgd: sgd that averages once validation stops improving",
                          choices=("sgd", "adam", "asgd"))  # fmt: skip
    lr: float = knob(2.0, "learning rate at the start", "per step", low=0.0, high=1e3, open_low=True)
    momentum: float = knob(0.9, "momentum of sgd; first moment's decay of adam", "fraction", low=0.0, high=0.9999)
    weight_decay: float = knob(0.0, "L2 penalty", "per step", low=0.0, high=1.0)
    lr_decay: float = knob(
        1.33, "the learning rate is divided by this when validation stops improving", "times", low=1.0, high=100.0
    )
    patience: int = knob(5, "epochs without improvement before asgd begins to average", "epochs", low=1, high=100_000)
    clip_norm: float = knob(10.0, "gradients are scaled down to this norm; 0: never", "norm", low=0.0, high=1e6)
    clip: str = knob("active", "norm over active weights, or over the dense gradient", choices=("active", "dense"))


@dataclass(frozen=True)
class TrainingConfig:
    """How long, how much at once, and where."""

    epochs: int = knob(30, "passes over the training text", "epochs", low=1, high=100_000)
    batch_size: int = knob(20, "streams of text read side by side", "streams", low=1, high=65_536)
    bptt: int = knob(35, "time steps a gradient reaches back", "tokens", low=1, high=65_536)
    device: str = knob("auto", "where to compute; auto: CUDA where there is one", choices=("auto", "cpu", "cuda"))
    execution: str = knob(
        "masked", "dense matrices with masks, or active weights only; auto: what is faster on this machine",
        choices=("auto", "masked", "sparse"),
    )  # fmt: skip
    threads: int = knob(0, "CPU threads; 0: PyTorch's own choice", "threads", low=0, high=1024)
    checkpoints: str = knob("all", "keep the checkpoint of every epoch, or the last one only", choices=("all", "last"))


@dataclass(frozen=True)
class RunConfig:
    """Everything that determines a run.

    Raises
    ------
    ConfigError
        If a value has the wrong type or is out of its range.
    """

    seed: int = knob(1, "seed of weights, topology and dropout", "integer", low=0, high=2**63 - 1)
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    sparsity: SparsityConfig = field(default_factory=SparsityConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        for key, (kind, spec, value) in _leaves(self).items():
            _check(key, kind, spec, value)
        embedding = self.model.embedding or self.model.hidden
        if self.model.tied and embedding != self.model.hidden:
            raise ConfigError(
                f"model.tied = true needs model.embedding = model.hidden, but they are {embedding} and "
                f"{self.model.hidden}. Set model.embedding to 0 or to {self.model.hidden}."
            )
        if self.model.cell != "rhn":
            for key in ("word_dropout", "input_dropout", "hidden_dropout"):
                if getattr(self.model, key):
                    raise ConfigError(
                        f"model.{key} = {getattr(self.model, key):g} is the recurrent highway network's, and "
                        f"model.cell = {self.model.cell}. Use model.dropout, or set model.cell to rhn."
                    )
        if self.task == "classification" and self.model.tied:
            raise ConfigError(
                f"model.tied = true shares the embedding with a decoder, and data.corpus = {self.data.corpus} is "
                "classified, which has none. Set model.tied to false."
            )
        sparsity = self.sparsity
        refuse_senseless(
            method=sparsity.method, initialization=sparsity.initialization, granularity=sparsity.granularity,
            prune=sparsity.prune, regrow=sparsity.regrow, redistribution=sparsity.redistribution,
            schedule=sparsity.schedule, update_every=sparsity.update_every, epsilon=sparsity.epsilon,
            reactivate=sparsity.reactivate, execution=self.training.execution,
        )  # fmt: skip

    @property
    def task(self) -> str:
        """``"language modelling"`` or ``"classification"``: the corpus decides."""
        return TASKS[self.data.corpus]

    def to_dict(self) -> dict[str, Any]:
        """The configuration as nested plain values, ready for JSON or TOML."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunConfig:
        """Build a configuration from nested or dotted keys; what is absent keeps its default.

        Raises
        ------
        ConfigError
            If a key is unknown (the nearest right one is suggested) or a value is out of range.
        """
        return cls().replace(values)

    def replace(self, values: Mapping[str, Any]) -> RunConfig:
        """A copy with some values changed.

        Parameters
        ----------
        values : mapping
            ``{"sparsity.density": 0.2}``, ``{"sparsity": {"density": 0.2}}`` or ``{"density": 0.2}``. A string stands
            for a value of the field's own type, so ``"0.2"`` works too. With another method, the axes it leaves no
            choice of go back to what is usual unless they are given as well; with a density given and no ε, ε is 0.

        Raises
        ------
        ConfigError
            If a key is unknown or a value cannot be what its field needs.
        """
        known = _leaves(self)
        changes: dict[str, dict[str, Any]] = {}
        for key, value in _flatten(values).items():
            path = resolve_key(key)
            section, _, name = path.rpartition(".")
            kind, spec, _ = known[path]
            changes.setdefault(section, {})[name] = _convert(path, kind, spec, value)
        sparsity = changes.get("sparsity", {})
        if "density" in sparsity:
            sparsity.setdefault("epsilon", 0.0)  # which would go on to decide the density
        if sparsity.get("method") in METHODS:
            # Another method alone is enough to ask for: what it leaves no choice of goes back to what is usual.
            changes["sparsity"] = {a: usual(a) for a in METHODS[sparsity["method"]].fixed} | sparsity
        sections = {s: replace(getattr(self, s), **v) for s, v in changes.items() if s}
        return replace(self, **changes.get("", {}), **sections)

    def get(self, key: str) -> Any:
        """The value at a dotted key (or at its last part)."""
        return _leaves(self)[resolve_key(key)][2]


_SECTIONS: dict[str, type] = {
    "data": DataConfig,
    "model": ModelConfig,
    "sparsity": SparsityConfig,
    "optimizer": OptimizerConfig,
    "training": TrainingConfig,
}


def knobs() -> dict[str, Knob]:
    """Every key of the configuration with what it may be, in order of declaration."""
    return {key: spec for key, (_, spec, _) in _leaves(RunConfig()).items()}


def resolve_key(key: str) -> str:
    """The full dotted key that `key` means.

    Raises
    ------
    ConfigError
        If there is none; the message suggests the nearest.
    """
    full = list(_leaves(RunConfig.__new__(RunConfig), defaults=True))
    if key in full:
        return key
    by_leaf = {path.rpartition(".")[2]: path for path in full}
    if key in by_leaf:
        return by_leaf[key]
    near = difflib.get_close_matches(key, [*full, *by_leaf], n=1, cutoff=0.5)
    near = near or difflib.get_close_matches(key.rpartition(".")[2], list(by_leaf), n=1, cutoff=0.5)
    hint = f"Did you mean {by_leaf.get(near[0], near[0])}?" if near else f"Known keys: {', '.join(full)}."
    raise ConfigError(f"unknown configuration key {key!r}. {hint}")


def presets() -> list[str]:
    """Names of the presets inside the package."""
    folder = resources.files("strnn_viz") / "presets"
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))


def preset(name: str, **overrides: Any) -> RunConfig:
    """A preset of the package, or a user's TOML file, as a :class:`RunConfig`.

    Parameters
    ----------
    name : str
        A name from :func:`presets`, or the path of a ``.toml`` file.
    **overrides
        Values to change: ``preset("demo", density=0.2, training={"epochs": 3}, **{"sparsity.prune_rate": 0.7})``.

    Raises
    ------
    ConfigError
        If there is no such preset or file, or a key or value in it is wrong.
    """
    text, source = preset_text(name)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} is not valid TOML: {error}. Mend the file and try again.") from error
    try:
        config = RunConfig.from_dict(values)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from error
    return config.replace(overrides)


def preset_text(name: str) -> tuple[str, str]:
    """The TOML text behind a preset's name or a file's path, and how to call it in a message."""
    if name.endswith(".toml") or "/" in name:
        try:
            return Path(name).read_text(encoding="utf-8"), name
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ConfigError(
                f"cannot read the configuration file {name}: {reason}. Give the path of a TOML file, or one of the "
                f"presets {', '.join(presets())}."
            ) from error
    if name not in presets():
        near = difflib.get_close_matches(name, presets(), n=1, cutoff=0.4)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ConfigError(
            f"no preset is called {name!r}.{hint} Presets: {', '.join(presets())}; or give the path of a .toml file."
        )
    return (resources.files("strnn_viz") / "presets" / f"{name}.toml").read_text(encoding="utf-8"), f"preset {name}"


def _leaves(config: RunConfig, defaults: bool = False) -> dict[str, tuple[type, Knob, Any]]:
    """Dotted key -> (type, knob, value) of every leaf; with `defaults`, values are the fields' defaults."""
    found: dict[str, tuple[type, Knob, Any]] = {}
    for outer in fields(RunConfig):
        if "knob" in outer.metadata:
            value = outer.default if defaults else getattr(config, outer.name)
            found[outer.name] = (type(outer.default), outer.metadata["knob"], value)
            continue
        section = _SECTIONS[outer.name]() if defaults else getattr(config, outer.name)
        for inner in fields(section):
            key = f"{outer.name}.{inner.name}"
            found[key] = (type(inner.default), inner.metadata["knob"], getattr(section, inner.name))
    return found


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _convert(key: str, kind: type, spec: Knob, value: Any) -> Any:
    """`value` as the field's own type, where that loses nothing."""
    if isinstance(value, str) and kind is not str:
        words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
        try:
            return words[value.lower()] if kind is bool else kind(value)
        except (KeyError, ValueError):
            pass
    elif kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    elif kind is str and isinstance(value, Path):
        return str(value)
    _check_type(key, kind, spec, value)
    return value


def _check_type(key: str, kind: type, spec: Knob, value: Any) -> None:
    if isinstance(value, bool) is not (kind is bool) or not isinstance(value, kind):
        noun = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}[kind]
        raise ConfigError(f"{key} = {value!r} is not {noun}; expected {noun if kind is bool else spec.expected}.")


def _check(key: str, kind: type, spec: Knob, value: Any) -> None:
    _check_type(key, kind, spec, value)
    if spec.choices and value not in spec.choices:
        near = difflib.get_close_matches(str(value), spec.choices, n=1, cutoff=0.4)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ConfigError(f"{key} = {value!r} is not {spec.expected}.{hint}")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = spec.low, spec.high
        bad = math.isnan(value) or (high is not None and value > high)
        bad |= low is not None and (value <= low if spec.open_low else value < low)
        if bad:
            raise ConfigError(f"{key} = {value:g} is out of range: it must be {spec.expected}: {spec.help}.")
