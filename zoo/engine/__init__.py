"""Trains runs: `fit` one at a time."""
