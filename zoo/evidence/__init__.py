"""From numbers to verdicts. Pure: tables in, verdicts out; no Keras, no files."""
