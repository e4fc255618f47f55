"""Commands that measure speed and memory, and print ratios within one run."""
