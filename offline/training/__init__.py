"""The one trainer, for every method."""

from offline.training.task import Task, Validation
from offline.training.trainer import History, Trainer, pick_device

__all__ = ["History", "Task", "Trainer", "Validation", "pick_device"]
