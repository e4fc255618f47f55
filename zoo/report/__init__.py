"""Everything that was found, on one page that needs no network, no library and no script."""
