"""Training: a generator of snapshots, its checkpoints, and recording it as a run."""

from strnn_viz.training.recording import Recording
from strnn_viz.training.trainer import Step, Trainer, train

__all__ = ["Recording", "Step", "Trainer", "train"]
