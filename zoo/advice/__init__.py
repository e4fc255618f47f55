"""Which knobs of a network matter on given data, by how much, and what to change."""
