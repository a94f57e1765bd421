"""The phrases of captions that several experiments share.

The Snakefile imports this module, so it needs nothing heavy.
"""


def intervals_in_words(seeds: int, *, log: bool = False) -> str:
    """Return the sentence that tells what means and bars show of the seeds. `log` is for logarithmic axes."""
    if seeds == 1:
        return "There is one seed, so no interval is shown."
    means = "means of logarithms" if log else "means"
    return f"Values are {means} over {seeds} seeds, with 95 % t intervals."


def points_in_words(seeds: int, *, log: bool = False) -> str:
    """Return the sentences for figures that also have a faint point for each seed."""
    return intervals_in_words(seeds, log=log) + ("" if seeds == 1 else " Faint points are single seeds.")
