"""The phrases of captions that several experiments share.

The Snakefile imports this module, so it needs nothing heavy.
"""


def intervals_in_words(seeds: int) -> str:
    """Return the sentence that tells what means and bars show of the seeds."""
    if seeds == 1:
        return "There is one seed, so no interval is shown."
    return (
        f"Values are means over {seeds} seeds; bars show 95 % t intervals (where no bar is seen, it is smaller than "
        "its marker)."
    )


def points_in_words(seeds: int) -> str:
    """Return the sentences for figures that also have a faint point for each seed."""
    return intervals_in_words(seeds) + ("" if seeds == 1 else " Faint points are single seeds.")
