"""How well each estimator finds the networks that were trained alike, in every layer."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.claims.rule import CONFIDENCE
from repdrift.experiments.grounding.ranking import ranked
from repdrift.experiments.grounding.tables import AUPRC, CHANCE
from repdrift.figures import style, venue
from repdrift.figures.lines import lettered
from repdrift.figures.points import offsets, point_handles
from repdrift.figures.scatter import Mean, draw_mean
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import joined, ordered

COLUMNS = ("panel", "reduce", "layer", "estimator", "measure", "value", "low", "high", "n")
ROW, LEAST, NAMES = 0.27, 0.9, 1.35  # height of the row of an estimator and of axes, width of the names, in inches
NO_PAIRS = "no pairs of networks:\nat least 2 seeds are needed"


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column of axes for each question and a row for each reduction, with a row for each estimator in them."""
    questions, reductions = ordered(table["panel"]), ordered(table["reduce"])
    found = table[table["measure"] == AUPRC]
    estimators = list(ranked(table).index)
    look = Look.of_layers(ordered(found["layer"]))
    footer = joined(
        [
            f"AUPRC and {CONFIDENCE:.0%} interval over seeds by the jackknife" if estimators else "",
            "dashed: mean of random orders of the pairs" if estimators else "",
            "estimators from the best to the worst over all panels" if estimators else "",
            network,
        ]
    )
    strip = Strip(1 if estimators else 0, style.wrap(footer, venue.double() - 0.1, style.TINY))
    width = (venue.double() - NAMES) / venue.across(len(questions), NAMES) - 0.1
    pairs = table.drop_duplicates("panel").set_index("panel")["n"]
    titles = [
        f"{style.wrap(title, width, style.SMALL)}\n{pairs[question]:,.0f} pairs"
        for title, question in zip(lettered(questions), questions, strict=True)
    ]
    height = max(LEAST, ROW * len(estimators))
    above = 0.14 * (1 + max(title.count("\n") for title in titles))
    whole = venue.folds(len(questions), NAMES) * ((height + 0.1) * len(reductions) + above + 0.35)
    figure = style.make_figure(venue.double(), whole, strip)
    grid = venue.panels(figure, len(reductions), len(questions), sharex=True, sharey=True, beside=NAMES)
    for row, reduce in zip(grid, reductions, strict=True):
        for axes, question in zip(row, questions, strict=True):
            shown = table[(table["reduce"] == reduce) & (table["panel"] == question)]
            draw_estimators(axes, shown, estimators, look)
        row[0].set_ylabel(f"reduced by: {reduce}", fontsize=style.SMALL)
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, fontsize=style.SMALL)
    for axes in grid[-1]:
        axes.set_xlabel("AUPRC", fontsize=style.SMALL)
    if estimators:
        style.legend(grid[-1][0], point_handles(look, venue.double()), len(look.colours), strip.legend_top)
    return figure


def draw_estimators(axes: Axes, shown: pd.DataFrame, estimators: list[str], look: Look) -> None:
    """Draw a point with its interval for each layer in the row of each estimator."""
    axes.set_xlim(-0.03, 1.03)
    axes.set_yticks(range(len(estimators)), [style.estimator_label(name) for name in estimators])
    axes.tick_params(axis="y", length=0)
    if not estimators:
        axes.text(
            0.5,
            0.5,
            NO_PAIRS,
            color=style.GREY,
            transform=axes.transAxes,
            ha="center",
            va="center",
            fontsize=style.SMALL,
        )
        return
    axes.axvline(shown.loc[shown["measure"] == CHANCE, "value"].iloc[0], color="0.4", linestyle="--", linewidth=0.7)
    axes.set_ylim(len(estimators) - 0.5, -0.5)
    places = dict(zip(look.colours, offsets(len(look.colours)), strict=True))
    for row in shown[(shown["measure"] == AUPRC) & shown["value"].notna()].itertuples():
        place, colour = estimators.index(str(row.estimator)), look.colours[str(row.layer)]
        mean = Mean(float(row.value), float(row.low), float(row.high))  # type: ignore[arg-type]
        draw_mean(
            axes, mean, place + places[str(row.layer)], colour=colour, marker=look.markers[str(row.layer)], size=2.8
        )
    for place in range(1, len(estimators), 2):
        axes.axhspan(place - 0.5, place + 0.5, color="0.965", linewidth=0, zorder=0)
