"""`LUTBoost`: training of lookup networks in stages, with techniques, checkpoints and history."""

from __future__ import annotations

from lutdla.nn.boost.augment import Augment
from lutdla.nn.boost.batches import Batch, Examples, Loader
from lutdla.nn.boost.checkpoint import Checkpoints
from lutdla.nn.boost.dense import fit_dense, train_dense
from lutdla.nn.boost.history import History
from lutdla.nn.boost.lutboost import LUTBoost
from lutdla.nn.boost.processes import Share, processes
from lutdla.nn.boost.run import Run
from lutdla.nn.boost.schedules import SCHEDULES, Constant, Cosine, Linear, Schedule
from lutdla.nn.boost.stages import CENTROIDS, JOINT, DenseStage, Stage
from lutdla.nn.boost.tasks import Classification, Regression, Task
from lutdla.nn.boost.technique import Technique
from lutdla.nn.boost.techniques.averaging import Averaging
from lutdla.nn.boost.techniques.batch_norm_reestimation import BatchNormReestimation
from lutdla.nn.boost.techniques.centroid_revival import CentroidRevival
from lutdla.nn.boost.techniques.distillation import Distillation
from lutdla.nn.boost.techniques.early_stop import EarlyStop
from lutdla.nn.boost.techniques.gradual_replacement import GradualReplacement
from lutdla.nn.boost.techniques.reconstruction import Reconstruction
from lutdla.nn.boost.techniques.temperature import GradientChoice, TemperatureSchedule

__all__ = [
    "CENTROIDS", "JOINT", "SCHEDULES", "Augment", "Averaging", "Batch", "BatchNormReestimation", "CentroidRevival",
    "Checkpoints", "Classification", "Constant", "Cosine", "DenseStage", "Distillation", "EarlyStop", "Examples",
    "GradientChoice", "GradualReplacement", "History", "LUTBoost", "Linear", "Loader", "Reconstruction",
    "Regression", "Run", "Schedule", "Share", "Stage", "Task", "Technique", "TemperatureSchedule", "fit_dense",
    "processes", "train_dense",
]  # fmt: skip
