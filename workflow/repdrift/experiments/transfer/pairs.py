"""The names of networks that were trained on one target, and the pairs of them that are compared.

The names are the paper's. RI and P are the random and the pre-trained weights. RI-T and P-T are the networks that are
trained on the target from these weights. The Snakefile imports this module, so it needs nothing heavy.
"""

STARTS = ("P-T", "RI-T")
START_OF_P = "RI-T, start of P"  # trained from the weights that pre-training started from too, for the epochs of P-T
# Pairs of networks whose weights, representations and mistakes are compared. RI-T 1b starts from the same weights as
# RI-T. All other networks of the paper's pairs have nothing in common before training.
PAIRS = {
    "P-T & P": ("P-T", "P"),
    "RI-T & P": ("RI-T", "P"),
    "RI-T & RI": ("RI-T", "RI"),
    "P-T & P-T": ("P-T", "P-T 2"),
    "RI-T & P-T": ("RI-T", "P-T"),
    "RI-T & RI-T": ("RI-T", "RI-T 2"),
    "RI-T & RI-T, same start": ("RI-T", "RI-T 1b"),
    # An "early" network has been trained for as many epochs as P-T.
    "RI-T & P-T, equal epochs": ("RI-T early", "P-T"),
    "RI-T & RI-T, equal epochs": ("RI-T early", "RI-T 2 early"),
    # A control: how much nearer to P and P-T a network is that shares the first weights of pre-training.
    "RI-T & P-T, start of P": (START_OF_P, "P-T"),
    "RI-T & P, start of P": (START_OF_P, "P"),
}
# The pairs whose connecting lines are evaluated.
LINES = ("P-T & P-T", "RI-T & RI-T", "RI-T & P-T", "RI-T & RI-T, same start", "RI-T & P-T, start of P")
# The ambiguity of the images that one network of a pair gets wrong is judged by two other networks, one of each kind.
DISAGREEING = "RI-T & P-T"
JUDGES = ("P-T 2", "RI-T 2")
