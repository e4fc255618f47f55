"""Data sets by name or from the user's files: split, normalised, and with a fingerprint."""

from zoo.data.sets import NAMES, PACKAGES, Data, Preprocessing, available, fingerprint_of, load

__all__ = ["NAMES", "PACKAGES", "Data", "Preprocessing", "available", "fingerprint_of", "load"]
