"""What a loss curve looks like, by written rules."""
