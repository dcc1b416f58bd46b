"""Training that is recorded as it goes, and steered from outside."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from strnn_viz.config import RunConfig
from strnn_viz.errors import RunError
from strnn_viz.runs import Control, Parent, Progress, Run, RunWriter, Snapshot, files, send, wanted
from strnn_viz.runs.control import write_progress
from strnn_viz.runs.steps import append_steps
from strnn_viz.training import checkpoint
from strnn_viz.training.course import Course
from strnn_viz.training.execution import Execution
from strnn_viz.training.trainer import Step, Trainer

_TELL_SECONDS = 0.25  # between two notes of progress
_LOOK_SECONDS = 0.1  # between two looks at what is wanted
_SAVE_SECONDS = 300.0  # between two checkpoints within a long epoch


class Recording:
    """A trainer and the run it writes.

    Where ``torchrun`` started several processes, each has a Recording of the same run; process 0 alone writes.

    Parameters
    ----------
    path : path-like
        The run's directory.
    config : RunConfig, optional
        Of a new run; a resumed one has its own.
    resume : bool
        Continue the run from its last usable checkpoint; a run without one begins anew.
    parent : Parent, optional
        The run and epoch a new run goes on from; see :func:`~strnn_viz.training.forking.fork`.
    execution : Execution, optional
        In which form a new run holds its matrices; by default it is chosen now. A resumed run keeps to what it has.

    Raises
    ------
    RunError
        If the run is in use, is finished, or cannot be written or read.

    Attributes
    ----------
    stop : bool
        Set it to end training after the step under way.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        config: RunConfig | None = None,
        *,
        resume: bool = False,
        parent: Parent | None = None,
        execution: Execution | None = None,
    ) -> None:
        self.path = Path(path)
        if resume:
            run = Run(self.path)
            config = run.config
            if config is None:
                raise RunError(f"{self.path} was recorded elsewhere and has no configuration to train on with.")
            if run.status == "finished" and run.epochs and run.epochs[-1] >= config.training.epochs:
                raise RunError(
                    f"{self.path} is finished: it has all of its {config.training.epochs} epochs. Start another run "
                    "to train longer."
                )
            execution = Execution.from_about(run.about)
        assert config is not None
        self.trainer = Trainer(config, execution)
        self.stop = False
        self.records = self.trainer.ranks.rank == 0
        if self.records:
            told = self.trainer.execution.to_dict()
            self.writer = RunWriter(self.path, config, resume=resume, parent=parent, execution=told)
        if resume:
            try:
                self._resume()
            except BaseException:
                if self.records:
                    self.writer.close()
                raise

    def events(self) -> Iterator[Progress | Snapshot]:
        """Train and record, telling of progress after every step and of every recorded snapshot.

        Ends early, with a checkpoint of that very step, once a stop is wanted: by :func:`strnn_viz.runs.send`, or by
        setting `stop`, which a signal handler may do at any moment. Leaving it by an exception, KeyboardInterrupt
        included, lets go of the run and notes why it ended; it can be resumed from its last checkpoint.
        """
        clock = _Clock(self.trainer)
        if not self.records:
            for event in self.trainer.events():
                yield event if isinstance(event, Snapshot) else clock.tick(event)
                if self.stop:
                    self.trainer.leave()
            return
        course = Course(self.trainer)
        with self.writer:
            self.writer.status("training")
            for event in self.trainer.events():
                if isinstance(event, Snapshot):
                    if parts := course.epoch_done():
                        append_steps(self.path, event.epoch, parts)
                    self.writer.append(event, **clock.epoch_done())
                    self._checkpoint()
                    yield event
                else:
                    progress = clock.tick(event)
                    course.tick(event)
                    if clock.due("tell", _TELL_SECONDS):
                        write_progress(self.path, progress)
                    if clock.due("save", _SAVE_SECONDS):
                        self._checkpoint()
                    yield progress
                self._obey(event, clock)
                if self.stop:
                    self.trainer.leave()
            if self.trainer.left and not self.trainer.done:
                self._checkpoint()
                self.writer.status("stopped")

    def begin_with(self, snapshot: Snapshot) -> None:
        """Record a snapshot that was not trained here, and the checkpoint of the trainer's state, as a beginning."""
        self.writer.append(snapshot)
        self._checkpoint()

    def _checkpoint(self) -> None:
        trainer = self.trainer
        if trainer.step_in_epoch and not trainer.ranks.alone:
            return  # the other processes carry states of their own; this run goes on from its last whole epoch
        self.writer.checkpoint(trainer.epoch, *checkpoint.save(trainer), within=trainer.step_in_epoch > 0)

    def _obey(self, event: Step | Snapshot, clock: _Clock) -> None:
        """Do what is wanted of the run; a pause is spent here, looking."""
        if self.trainer.done or self.stop or not (isinstance(event, Snapshot) or clock.due("look", _LOOK_SECONDS)):
            return
        control = wanted(self.path)
        if isinstance(event, Snapshot) and control.pause_after is not None and event.epoch >= control.pause_after:
            control = Control("pause")
            send(self.path, control)
        if control.state == "pause":
            self.writer.status("paused")
            with clock.standing_still():
                while control.state == "pause" and not self.stop:
                    time.sleep(_LOOK_SECONDS)
                    control = wanted(self.path)
            self.writer.status("training")
        self.stop = self.stop or control.state == "stop"

    def _resume(self) -> None:
        """Take up the newest usable checkpoint: process 0 finds it, and all of them load it."""
        ranks, found = self.trainer.ranks, ""
        if self.records:
            found = str(self._load_newest() or "")
            self.writer.forget_after(self.trainer.epoch if self.trainer.first else -1)
        found = ranks.tell(found)
        if found and not self.records:
            checkpoint.load(self.trainer, *files.read_arrays(Path(found)))

    def _load_newest(self) -> Path | None:
        folder = self.path / files.CHECKPOINTS
        within = [folder / files.WITHIN] if self.trainer.ranks.alone else []
        for path in (*within, *(files.epoch_file(folder, e) for e in reversed(Run(self.path).checkpoints()))):
            try:
                checkpoint.load(self.trainer, *files.read_arrays(path))
            except RunError:
                continue  # missing or damaged: the one before does as well, only earlier
            return path
        return None


class _Clock:
    """Speed and what is left, measured over recent steps; a pause does not count."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._due: dict[str, float] = {}
        self._last = time.monotonic()
        self._epoch_spent, self._epoch_tokens = 0.0, 0
        self._epoch_from = trainer.step_in_epoch
        self._speed = float("nan")
        self._epoch_seconds = float("nan")

    def due(self, what: str, every: float) -> bool:
        """Whether `every` seconds have passed since this was last due."""
        now = time.monotonic()
        first = self._due.setdefault(what, now)
        if now - first < every:
            return False
        self._due[what] = now
        return True

    def tick(self, step: Step) -> Progress:
        spent = self._spend()
        self._epoch_spent += spent
        self._epoch_tokens += step.tokens
        now = step.tokens / max(spent, 1e-9)
        self._speed = now if self._speed != self._speed else 0.95 * self._speed + 0.05 * now
        done = step.step - self._epoch_from
        estimate = self._epoch_spent / done * step.steps
        epoch = self._epoch_seconds if self._epoch_seconds == self._epoch_seconds else estimate
        epochs = self._trainer.config.training.epochs
        remaining = epoch * (epochs - step.epoch) + max(0.0, epoch - epoch * step.step / step.steps)
        return Progress(step.epoch, epochs, step.step, step.steps, self._speed, epoch, remaining, step.loss)

    def epoch_done(self) -> dict[str, float]:
        """Seconds and speed of the epoch that just ended, and a new one begins."""
        self._epoch_spent += self._spend()
        whole = self._epoch_from == 0
        self._epoch_seconds = self._epoch_spent if whole else self._epoch_seconds
        if not self._epoch_tokens:
            return {}
        told = {"seconds": self._epoch_spent, "tokens_per_second": self._epoch_tokens / max(self._epoch_spent, 1e-9)}
        self._epoch_spent, self._epoch_tokens, self._epoch_from = 0.0, 0, 0
        return told

    def standing_still(self) -> _Pause:
        return _Pause(self)

    def _spend(self) -> float:
        now = time.monotonic()
        spent, self._last = now - self._last, now
        return spent


class _Pause:
    def __init__(self, clock: _Clock) -> None:
        self._clock = clock

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._clock._last += time.monotonic() - self._began
