"""Judge every claim under every combination of measurement choices that was tried, as a whole and in each layer."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd

from repdrift import command
from repdrift.claims import measurements
from repdrift.claims.contrasts import CALIBRATED, CURVE, SIMILARITY, Claim
from repdrift.claims.judging import (
    Measured,
    judge_contrasts,
    on_its_scale,
    other_numbers,
    read,
    read_histories,
)
from repdrift.claims.measurements import Numbers
from repdrift.claims.verdict import together
from repdrift.experiments.drift.specs import MultiverseSpec, UsualChoices
from repdrift.experiments.grounding.ranking import ranked
from repdrift.experiments.grounding.tables import ADVANTAGE
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.provenance.csv_tables import read_csv
from repdrift.study.runs import INDEPENDENT, INITIAL, VARIANT_SEPARATOR

KEYS = ["run", "seed", "reference", "layer", "probe", "estimator", "n", "bn", "reduce", "sample"]
OWN, UNRELATED = "own", "unrelated"  # the initial network that fine-tuned ones are compared with
FIRST = "1"  # the sample of images that the study itself uses
# Nearly the same estimator as another one. Both together are one look at the data.
TWINS = {"minibatch-cka": "cka-debiased", "rsa-spearman": "rsa-pearson"}


@dataclass(frozen=True)
class Choice:
    """A combination of measurement choices. A choice is empty if it does not apply to a claim.

    Attributes
    ----------
    estimator, n, bn, reduce : str
    variant : str
        The variant of network and training, or the label of the study's own.
    reference : str
        The initial network: the ``own`` one, or an ``unrelated`` one.
    sample : str
        The number of the sample of probe images. Samples have no image in common.
    """

    estimator: str = ""
    n: str = ""
    bn: str = ""
    reduce: str = ""
    variant: str = ""
    reference: str = ""
    sample: str = ""

    @property
    def look(self) -> str:
        """The look at the data that this choice belongs to.

        Probes of different sizes share their images, and nearly equal estimators see the same. Such choices are one
        look.
        """
        estimator = TWINS.get(self.estimator, self.estimator)
        return ", ".join(filter(None, [estimator, self.bn, self.reduce, self.variant, self.reference, self.sample]))


COLUMNS = ("claim", "sentence", "layer", *asdict(Choice()), "look", "verdict")


def universes(choices: pd.DataFrame, usual_variant: str) -> Iterator[tuple[Choice, Numbers]]:
    """Yield each combination of choices that was tried on the own initial network, with its similarities."""
    variants = choices["run"].str.rpartition(VARIANT_SEPARATOR)[0].replace("", usual_variant)
    names = choices["run"].str.rpartition(VARIANT_SEPARATOR)[2]
    by = ["estimator", "n", "bn", "reduce", "variant", "sample"]
    for tried, table in choices.assign(variant=variants, run=names).groupby(by, sort=False):
        estimator, n, bn, reduce, variant, sample = map(str, tried)
        choice = Choice(estimator, n, bn, reduce, variant, OWN, sample)
        yield choice, measurements.similarities(table)


def usual_choice(estimator: str, usual: UsualChoices) -> Choice:
    """Return the study's own choices with an estimator."""
    return Choice(estimator, str(usual.n), usual.bn, usual.reduce, usual.variant, OWN, FIRST)


def calibrated_universes(tried: pd.DataFrame, usual_variant: str) -> Iterator[tuple[Choice, Numbers]]:
    """Yield each combination with calibrated values, as far as these were measured."""
    table = tried[tried["calibrated"].notna()]
    if table.empty:
        return
    for choice, numbers in universes(table.assign(value=table["calibrated"]), usual_variant):
        yield replace(choice, estimator=choice.estimator + CALIBRATED), numbers


def usual_universes(similarity: pd.DataFrame, spec: MultiverseSpec) -> Iterator[tuple[Choice, Numbers]]:
    """Yield two further choices with their similarities: calibrated values, and another initial network.

    All other choices are the study's own.
    """
    usual = spec.usual
    for estimator, table in similarity.groupby("estimator", sort=False):
        own = usual_choice(str(estimator), usual)
        ways = [(own, table)]
        if spec.calibrated:
            ways.append((replace(own, estimator=own.estimator + CALIBRATED), table.assign(value=table["calibrated"])))
        for choice, way in ways:
            if choice != own:
                yield choice, measurements.similarities(way)
            yield replace(choice, reference=UNRELATED), measurements.similarities(with_unrelated(way))


def with_unrelated(table: pd.DataFrame) -> pd.DataFrame:
    """Replace the similarity to a run's own initialisation by that to an unrelated random network.

    Runs that were not compared with such a network are left out.
    """
    compared = set(table.loc[table["reference"] == INDEPENDENT[0], "run"])
    table = table[table["run"].isin(compared) & (table["reference"] != INITIAL[0])]
    return table.assign(reference=table["reference"].replace(INDEPENDENT[0], INITIAL[0]))


def verdicts(claim: Claim, numbers: dict[str, Numbers]) -> dict[str, str] | None:
    """Return the verdict on a claim under the layer "", and the verdict in each layer.

    The result is None if a contrast lacks a number, or if no contrast decides.
    """
    judged = judge_contrasts(claim, Measured(numbers))
    deciding = [one.judged.verdict for one in judged if one.contrast.decides]
    if len(judged) < len(claim.contrasts) or not deciding:
        return None
    found: dict[str, list[str]] = {}
    for one in judged:
        if one.contrast.layer:
            found.setdefault(one.contrast.layer, []).append(one.judged.verdict)
    return {"": together(deciding, claim.needs)} | {layer: together(each, claim.needs) for layer, each in found.items()}


def rows(claim: Claim, choice: Choice, found: dict[str, str]) -> Iterator[dict[str, object]]:
    for layer, verdict in found.items():
        about = {"claim": claim.name, "sentence": claim.sentence, "layer": layer}
        yield {**about, **asdict(choice), "look": choice.look, "verdict": verdict}


def reads_initial(claim: Claim) -> bool:
    """Return whether a claim compares fine-tuned networks with their initial one, which another could replace."""
    keys = {key for contrast in claim.contrasts if contrast.table == SIMILARITY for key in contrast.by_key}
    runs = {key[0] for key in keys if key[1] == "pretrained"}
    return any(key[0] in runs and key[1] == INITIAL[0] for key in keys)


def without_controls(claim: Claim) -> Claim:
    """Return a claim without the contrasts with an unrelated network, which the other choices do not measure."""
    kept = (
        contrast
        for contrast in claim.contrasts
        if contrast.table != SIMILARITY or all(key[1] != INDEPENDENT[0] for key in contrast.by_key)
    )
    return replace(claim, contrasts=tuple(kept))


def verdict_rows(
    spec: MultiverseSpec, similarity: pd.DataFrame, curve: pd.DataFrame, tried: pd.DataFrame, others: dict[str, Numbers]
) -> Iterator[dict[str, object]]:
    """Yield the rows of the table.

    Parameters
    ----------
    spec : MultiverseSpec
    similarity, curve : DataFrame
        Similarities with the study's own choices, of final networks and over epochs.
    tried : DataFrame
        Similarities under other choices.
    others : dict of str to Numbers
        The numbers that do not depend on a choice of measurement, by table.
    """
    usual = spec.usual
    own = similarity.assign(bn=usual.bn, reduce=usual.reduce, sample=int(FIRST))
    if "reduce" not in tried:  # there is one reduction, and nothing to tell apart
        tried = tried.assign(reduce=usual.reduce)
    # The study's own similarities come in too, since nothing else was tried for some runs.
    choices = pd.concat([own[[*KEYS, "value"]], tried[[*KEYS, "value"]]]).drop_duplicates(KEYS)
    every = [
        *universes(choices, usual.variant),
        *calibrated_universes(tried, usual.variant),
        *usual_universes(similarity, spec),
    ]
    main = {claim.name: without_controls(claim) for claim in spec.main}
    for claim in map(without_controls, spec.claims):
        tables = {contrast.table for contrast in claim.contrasts}
        if tables & set(others):
            yield from rows(claim, Choice(), verdicts(claim, others) or {})
        elif CURVE in tables:
            for estimator, table in curve.groupby("estimator", sort=False):
                choice = usual_choice(str(estimator), usual)
                yield from rows(claim, choice, verdicts(claim, {CURVE: measurements.curves(table)}) or {})
        else:
            for choice, numbers in every:
                if on_its_scale(claim, choice.estimator) and (choice.reference == OWN or reads_initial(claim)):
                    measured = {SIMILARITY: numbers}
                    found = verdicts(claim, measured) or verdicts(main[claim.name], measured)
                    yield from rows(claim, choice, found or {})


def with_advantages(found: Sequence[dict[str, object]], grounding: pd.DataFrame) -> list[dict[str, object]]:
    """Add the advantage of the estimator of each row, or None if it has none, given the table of known answers."""
    advantages = ranked(grounding).to_dict()
    return [{**row, ADVANTAGE: advantages.get(str(row["estimator"]).removesuffix(CALIBRATED))} for row in found]


def main() -> None:
    flags = command.parser(__doc__, MultiverseSpec)
    flags.add_argument("--similarities", type=Path, nargs="+", required=True)
    flags.add_argument("--curves", type=Path, nargs="*", required=True)
    flags.add_argument("--histories", type=Path, nargs="*", required=True)
    flags.add_argument("--choices", type=Path, nargs="+", required=True, help="similarities under other choices")
    flags.add_argument("--grounding", type=Path, help="the table of known answers, for the order of the estimators")
    args = flags.parse_args()
    spec: MultiverseSpec = args.spec
    others = other_numbers(spec.claims, read_histories(spec.histories, args.histories), {}, {})
    found = list(verdict_rows(spec, read(args.similarities), read(args.curves), read(args.choices), others))
    inputs = [*args.similarities, *args.curves, *args.histories, *args.choices]
    columns: tuple[str, ...] = COLUMNS
    if args.grounding:
        found = with_advantages(found, read_csv(args.grounding))
        inputs, columns = [*inputs, args.grounding], (*COLUMNS, ADVANTAGE)
    job = Job(spec, args.code, inputs)
    job.save(args.output, lambda file: write_csv(file, found, columns))
    print(f"{len(found)} verdicts")
