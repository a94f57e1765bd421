"""The names of the methods in claims and figures.

The Snakefile imports this module, so it needs nothing heavy.
"""

NAMES = {
    "head2toe": "Head2Toe",
    "linear": "linear",
    "fine-tuning": "fine-tuning",
    "scratch": "from scratch",
    "head2toe-ft": "Head2Toe-FT",
    "lp-ft": "LP-FT",
    "all": "all features",
    "all-l1": "all with l1",
    "all-l2": "all with l2",
    "all-group-lasso": "all with group lasso",
    "random": "random features",
    "linear-intermediate": "linear + layer before",
    "linear-second": "linear + 2nd network",
}
