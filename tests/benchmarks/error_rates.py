"""Measure by simulation how often the rule of the verdicts is wrong, and which effects it finds.

The noise is that of a study: contrasts keep the covariances between seeds, and between probes, of its published tables.
Claims without published tables get independent seeds whose standard deviation is one margin, and a correlation of 0.5
between contrasts. `python -m tests.benchmarks.error_rates` writes the tables into docs/claims.md.
"""

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from repdrift.claims import measurements, published
from repdrift.claims.contrasts import ANY, Claim, Contrast, Scale
from repdrift.claims.estimates import estimate
from repdrift.claims.judging import Measured
from repdrift.claims.rule import CONTRADICTED, NEGLIGIBLE, POWER, SUPPORTED, UNDECIDED
from repdrift.claims.verdict import Judged, judge, together
from repdrift.commands.judge import keys_of, measurements_of, published_plan
from repdrift.plan import specs
from repdrift.plan.plan import Plan
from repdrift.study.config import complete

Values = NDArray[np.float64]

SEEDS = (4, 6, 8, 10)
LARGE = 1e3  # an effect in margins that is found for sure
PAGE = Path(__file__).parents[2] / "docs" / "claims.md"


@dataclass(frozen=True)
class Noise:
    """The noise of the contrasts of a claim that decide, in units of their margins.

    Attributes
    ----------
    seeds : float64 [seeds, contrasts]
        Deviations of seeds from their mean.
    probes : float64 [R, contrasts]
        Deviations of resampled probes from their mean, which all seeds share.
    measured : bool
        Whether they are those of a study.
    """

    seeds: Values
    probes: Values
    measured: bool

    def draw(self, count: int, random: np.random.Generator) -> tuple[Values, Values]:
        """Draw values [seeds, contrasts] and values on resampled probes [seeds, R, contrasts] of a new study.

        A weighted sum of deviations with normal weights has their covariance.
        """
        own = random.normal(size=(count, len(self.seeds))) @ self.seeds / np.sqrt(max(1, len(self.seeds) - 1))
        size = len(self.probes)
        weights = random.normal(size=(size + 1, size)) / np.sqrt(max(1, size - 1))
        shared = weights @ self.probes
        return own + shared[0], own[:, None] + shared[1:]


def noise_of(deciding: Sequence[Contrast], found: Measured) -> Noise | None:
    """Return the noise of the contrasts of a claim in a study; None if it did not measure all of them."""
    margins = np.array([unit(one.scale) for one in deciding])
    values = [measurements.values(one, found.numbers.get(one.table, {})) for one in deciding]
    measured = [value for value in values if value is not None and np.isfinite(value).all()]
    if len(measured) < len(deciding):
        return None
    of_seeds = np.stack(measured, axis=1) / margins
    probes = []
    for one in deciding:
        replicates = measurements.resampled(one, found.replicates.get(one.table, {}))
        probes.append(np.zeros(2) if replicates is None else common_part(replicates))
    of_probes = np.stack(probes, axis=1) / margins
    return Noise(of_seeds - of_seeds.mean(axis=0), of_probes - of_probes.mean(axis=0), measured=True)


def unit(scale: Scale) -> float:
    """Return the unit of simulated effects: the margin, or 1 for contrasts that need no margin."""
    return scale.margin or 1.0


def common_part(replicates: Values) -> Values:
    """Return what resampled probes [seeds, R] change in all seeds: the deviations of their mean over seeds."""
    means: Values = replicates.mean(axis=0)
    return means - means.mean()


def assumed_noise(contrasts: int) -> Noise:
    """Return noise with a standard deviation of one margin, and a correlation of 0.5 between contrasts."""
    covariance = 0.5 * np.eye(contrasts) + 0.5
    # The rows have this covariance exactly: their number less one, times it, is the sum of their products.
    root = np.linalg.cholesky(covariance).T
    rows = np.concatenate([root, -root]) * np.sqrt((2 * contrasts - 1) / 2)
    return Noise(rows, np.zeros((2, contrasts)), measured=False)


def verdict(claim: Claim, effects: Values, noise: Noise, seeds: int, random: np.random.Generator) -> str:
    """Judge a claim on a simulated study, whose contrasts have these true effects [contrasts] in margins."""
    deciding = [one for one in claim.contrasts if one.decides]
    values, resampled = noise.draw(seeds, random)
    on_probes = noise.probes.any()
    contrasts = [
        Judged(
            estimate(values[:, place] + effects[place], resampled[:, :, place] if on_probes else None),
            one.scale.margin / unit(one.scale),
            one.equal,
        )
        for place, one in enumerate(deciding)
    ]
    return together([one.verdict for one in judge(contrasts, claim.needs)], claim.needs)


def rates(claim: Claim, effects: Values, noise: Noise, seeds: int, draws: int) -> dict[str, float]:
    """Return the share of each verdict over simulated studies."""
    random = np.random.default_rng(0)
    found = [verdict(claim, effects, noise, seeds, random) for _ in range(draws)]
    return {name: found.count(name) / draws for name in (SUPPORTED, NEGLIGIBLE, UNDECIDED, CONTRADICTED)}


def worlds(claim: Claim, size: float = 3.0) -> dict[str, Values]:
    """Return the true effects, in margins, of worlds in which the paper is right, wrong, or there is no effect.

    Parameters
    ----------
    claim : Claim
    size : float
        The size of the effects in margins.

    Returns
    -------
    dict
        ``right`` and ``opposite``: all contrasts have this effect, or its opposite. ``none``: no contrast has an
        effect; claims of equality have one of one margin, where neither verdict is right. ``one missing``: the first
        contrast has no effect, and all others have a very large one; it is where a claim that needs all of its
        contrasts is supported most often by mistake. ``one right``: the first contrast has the claimed effect, and all
        others have a very large opposite one. ``within``: all effects are a tenth of the margin.
    """
    equal = np.array([one.equal for one in claim.contrasts if one.decides])
    none = np.where(equal, 1.0, 0.0)
    missing = np.where(equal, 0.0, LARGE)
    missing[:1] = none[:1]
    right = np.where(equal, 0.0, size)
    alone = np.where(equal, LARGE, -LARGE)
    alone[:1] = right[:1]
    return {
        "right": right,
        "opposite": np.where(equal, size, -size),
        "none": none,
        "one missing": missing,
        "one right": alone,
        "within": np.full(len(equal), 0.1),
    }


def without_support(claim: Claim) -> set[str]:
    """Return the worlds in which a claim may not be supported."""
    return {"none", "opposite"} | ({"one missing"} if claim.needs != ANY else set())


def without_contradiction(claim: Claim) -> set[str]:
    """Return the worlds in which a claim may not be contradicted."""
    return {"none", "right", "within"} | ({"one right"} if claim.needs == ANY else {"one missing"})


def smallest_found(claim: Claim, noise: Noise, seeds: int, draws: int) -> float:
    """Return the smallest effect in margins that is found with a power of 80 %; infinity if none of up to 1,000 is.

    All contrasts have the effect. It is found by bisection of its logarithm, to 5 %.
    """

    def power(effect: float) -> float:
        return rates(claim, worlds(claim, effect)["right"], noise, seeds, draws)[SUPPORTED]

    if any(one.equal for one in claim.contrasts if one.decides) and power(LARGE) < POWER:
        return np.inf
    low, high = 0.1, LARGE
    if power(high) < POWER:
        return np.inf
    while high / low > 1.05:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if power(middle) >= POWER else (middle, high)
    return high


def claims_with_noise(plan: Plan, folders: Mapping[str, Path]) -> Iterator[tuple[str, Claim, Noise]]:
    """Yield the figure of each claim, the claim, and its noise in a published study or by assumption.

    Parameters
    ----------
    plan : Plan
        The plan of a study with all experiments, for the claims of papers without published tables.
    folders : mapping of str to Path
        The folder of the published tables for the claims of each figure.
    """
    for figure, claims in plan.claims.items():
        chosen, found = claims, None
        if figure in folders:
            study = published_plan(folders[figure])
            chosen, found = study.claims[figure], measured(study, figure, folders[figure])
        for claim in chosen:
            deciding = [one for one in claim.contrasts if one.decides]
            if deciding:
                noise = noise_of(deciding, found) if found else None
                yield figure, claim, noise or assumed_noise(len(deciding))


def measured(study: Plan, figure: str, folder: Path) -> Measured:
    """Return what a published study measured for the claims of a figure, with its main estimator."""
    estimators, others = measurements_of(specs.judge(study, figure), published.read(folder, keys_of(study)))
    found = estimators.get(study.study.config.similarity.estimators[-1], Measured({}))
    return Measured({**found.numbers, **others}, found.replicates)


def table(rows: Sequence[tuple[str, Claim, Noise]], draws: int) -> str:
    """Return the table of error rates and power as markdown."""
    head = "| claim | contrasts | noise | false support | false contradiction | " + " | ".join(
        f"{seeds} seeds" for seeds in SEEDS
    )
    lines = [f"{head} |", "|---|---|---|---|---|" + "---|" * len(SEEDS)]
    for _, claim, noise in rows:
        deciding = [one for one in claim.contrasts if one.decides]
        wrong = [
            (rates(claim, effects, noise, seeds, draws), name)
            for seeds in SEEDS
            for name, effects in worlds(claim).items()
        ]
        support = max(found[SUPPORTED] for found, name in wrong if name in without_support(claim))
        against = max(found[CONTRADICTED] for found, name in wrong if name in without_contradiction(claim))
        power = (smallest_found(claim, noise, seeds, max(200, draws // 4)) for seeds in SEEDS)
        units = {one.scale for one in deciding}
        cells = " | ".join(effect_in_words(effect, units) for effect in power)
        source = "measured" if noise.measured else "assumed"
        count = f"{claim.needs} of {len(deciding)}" if len(deciding) > 1 else "1"
        lines.append(f"| {claim.name} | {count} | {source} | {support:.1%} | {against:.1%} | {cells} |")
    return "\n".join(lines) + "\n"


def effect_in_words(effect: float, scales: set[Scale]) -> str:
    """Return an effect in margins in its own unit, or in margins if the contrasts have several."""
    if not np.isfinite(effect):
        return "none"
    if len(scales) > 1:
        return f"{effect:.1f} margins"
    (scale,) = scales
    return f"{effect * unit(scale):.2g} {scale.unit}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.error_rates", description=__doc__)
    parser.add_argument("--draws", type=int, default=2000, help="simulated studies for each rate")
    parser.add_argument("--drift", type=Path, help="published tables of a study of the paper's own figures")
    parser.add_argument("--only", nargs="+", help="names of claims")
    parser.add_argument("--print", action="store_true", help="print the table instead of writing it into the page")
    args = parser.parse_args()
    plan = Plan(complete({}))
    folders = {"claims": args.drift} if args.drift else {}
    rows = [row for row in claims_with_noise(plan, folders) if not args.only or row[1].name in args.only]
    text = table(rows, args.draws)
    if args.print:
        print(text)
        return
    begin, end = "<!-- error rates -->", "<!-- end of error rates -->"
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(f"{begin}.*{end}", lambda _: f"{begin}\n\n{text}\n{end}", page, flags=re.DOTALL))


if __name__ == "__main__":
    main()
