"""One module for each factor. A file's name is the experiment's name everywhere."""
