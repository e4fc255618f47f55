"""The Experiment Zoo: controlled Keras experiments that put deep-learning advice to the test."""

__version__ = "0.1.0"
