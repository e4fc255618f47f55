"""A search by several processes, in keras-tuner's words."""
