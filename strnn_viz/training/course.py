"""How the training loss goes within an epoch, in parts that are few enough to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strnn_viz.runs.steps import PARTS

if TYPE_CHECKING:
    from strnn_viz.training.trainer import Step, Trainer


class Course:
    """Means of the loss over parts of the epoch under way.

    Where a run was resumed within an epoch, all before is one part.

    Parameters
    ----------
    trainer : Trainer
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._before = (0.0, 0)
        self._parts: list[tuple[float, float]] = []
        if trainer.step_in_epoch:
            self._mark(trainer.step_in_epoch / trainer.task.steps)

    def tick(self, step: Step) -> None:
        """Take note of a step."""
        if step.step * PARTS // step.steps > (step.step - 1) * PARTS // step.steps:
            self._mark(step.step / step.steps)

    def epoch_done(self) -> list[tuple[float, float]]:
        """Where each part ends within the epoch, and its mean loss; the next epoch begins."""
        done, self._parts, self._before = self._parts, [], (0.0, 0)
        return done

    def _mark(self, at: float) -> None:
        loss, count = self._trainer.loss_sum, self._trainer.prediction_sum
        if count > self._before[1]:
            self._parts.append((at, (loss - self._before[0]) / (count - self._before[1])))
        self._before = (loss, count)
