"""Searches for hyperparameters, with keras-tuner."""
