"""From tables to pictures. Needs no Keras."""
