"""The experiment on movement: how much representations change if all parts of a network move equally far."""
