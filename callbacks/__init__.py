"""Ordinary Keras callbacks and schedules, usable with anybody's `model.fit`."""

from callbacks.activation_histogram import ActivationHistogram
from callbacks.batch_size_schedule import BatchSizeSchedule
from callbacks.diagnosis.diagnosis import LossCurveDiagnosis, diagnose
from callbacks.diagnosis.rules import Finding
from callbacks.divergence_guard import DivergenceGuard
from callbacks.early_stopping import EarlyStopping
from callbacks.gradient_clipping import GradientClipping
from callbacks.gradient_statistics import GradientStatistics
from callbacks.new_bob import NewBob
from callbacks.preflight import Preflight
from callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
from callbacks.schedules.cyclic_learning_rate import CyclicLearningRate
from callbacks.schedules.inverse_square_root_decay import InverseSquareRootDecay
from callbacks.schedules.one_cycle import OneCycle
from callbacks.schedules.warmup import Warmup
from callbacks.update_ratio import UpdateRatio
from callbacks.weight_statistics import WeightStatistics

__all__ = [
    "ActivationHistogram",
    "BatchSizeSchedule",
    "CyclicLearningRate",
    "DivergenceGuard",
    "EarlyStopping",
    "Finding",
    "GradientClipping",
    "GradientStatistics",
    "InverseSquareRootDecay",
    "LossCurveDiagnosis",
    "NewBob",
    "OneCycle",
    "Preflight",
    "ReduceLROnPlateau",
    "UpdateRatio",
    "Warmup",
    "WeightStatistics",
    "diagnose",
]
