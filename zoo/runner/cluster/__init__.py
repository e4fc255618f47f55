"""Training by several processes, on this machine or on many, with Ray."""
