"""The experiments, each on one paper: a folder holds all that belongs to one of them."""
