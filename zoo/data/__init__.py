"""Data sets by name or from the user's files: split, normalised, and with a fingerprint."""

from zoo.data.draws import DEFAULT_SPLIT, FIXED, RESAMPLED, SPLITS, Draws, load_draws
from zoo.data.options import TableOptions
from zoo.data.ready import Data
from zoo.data.sets import NAMES, Preprocessing, available, fingerprint_of, load, short_name
from zoo.data.sources import PACKAGES

__all__ = [
    "DEFAULT_SPLIT",
    "FIXED",
    "NAMES",
    "PACKAGES",
    "RESAMPLED",
    "SPLITS",
    "Data",
    "Draws",
    "Preprocessing",
    "TableOptions",
    "available",
    "fingerprint_of",
    "load",
    "load_draws",
    "short_name",
]
