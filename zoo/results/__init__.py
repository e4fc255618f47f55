"""What is kept of finished runs: the store, the tables, the ledger. Needs no Keras."""
