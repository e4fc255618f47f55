"""Data sets by name or from the user's files: split, normalised, and with a fingerprint."""

from zoo.data.sets import NAMES, Data, Preprocessing, available, fingerprint_of, load, short_name
from zoo.data.sources import PACKAGES

__all__ = [
    "NAMES",
    "PACKAGES",
    "Data",
    "Preprocessing",
    "available",
    "fingerprint_of",
    "load",
    "short_name",
]
