"""Judge every claim under every combination of measurement choices that was tried, as a whole and in each layer."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd

from repdrift import command
from repdrift.claims import measurements
from repdrift.claims.contrasts import CURVE, SIMILARITY, Claim
from repdrift.claims.judging import read, read_others
from repdrift.claims.measurements import ADJUSTED, Numbers
from repdrift.claims.verdict import judge, together
from repdrift.experiments.drift.specs import MultiverseSpec
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.study.runs import BLOCK_SEPARATOR, INDEPENDENT, INITIAL

KEYS = ["run", "seed", "reference", "layer", "estimator", "n", "bn"]
OWN, UNRELATED = "own", "unrelated"  # the initial network that fine-tuned ones are compared with


@dataclass(frozen=True)
class Choice:
    """A combination of measurement choices. A choice is empty if it does not apply to a claim."""

    estimator: str = ""
    n: str = ""
    bn: str = ""
    block: str = ""
    reference: str = ""


COLUMNS = ("claim", "sentence", "layer", *asdict(Choice()), "verdict")


def universes(choices: pd.DataFrame, spec: MultiverseSpec) -> Iterator[tuple[Choice, Numbers]]:
    """Yield each combination of block order, estimator, number of images and BN mode, with its similarities."""
    usual = spec.usual.block
    blocks = choices["run"].str.rpartition(BLOCK_SEPARATOR)[0].replace("", usual)
    names = choices["run"].str.rpartition(BLOCK_SEPARATOR)[2]
    by = ["block", "estimator", "n", "bn"]
    for (block, estimator, n, bn), table in choices.assign(block=blocks, run=names).groupby(by, sort=False):
        yield Choice(str(estimator), str(n), str(bn), str(block), OWN), measurements.similarities(table)


def usual_universes(similarity: pd.DataFrame, spec: MultiverseSpec) -> Iterator[tuple[Choice, Numbers]]:
    """Yield two further choices with their similarities: values adjusted for their null, and another initial network.

    All other choices are the study's own.
    """
    usual = spec.usual
    for estimator, table in similarity.groupby("estimator", sort=False):
        own = Choice(str(estimator), str(usual.n), usual.bn, usual.block, OWN)
        ways = [(own, table)]
        if own.estimator.endswith("-biased") and table["null_mean"].notna().all():
            ways.append((replace(own, estimator=own.estimator + ADJUSTED), measurements.adjusted(table)))
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
    found: dict[str, list[str]] = {}
    deciding: list[str] = []
    for contrast in claim.contrasts:
        values = measurements.values(contrast, numbers.get(contrast.table, {}))
        if values is None:
            return None
        verdict = judge(values).verdict
        if contrast.decides:
            deciding.append(verdict)
        if contrast.layer:
            found.setdefault(contrast.layer, []).append(verdict)
    if not deciding:
        return None
    return {"": together(deciding)} | {layer: together(each) for layer, each in found.items()}


def rows(claim: Claim, choice: Choice, found: dict[str, str]) -> Iterator[dict[str, object]]:
    for layer, verdict in found.items():
        yield {"claim": claim.name, "sentence": claim.sentence, "layer": layer, **asdict(choice), "verdict": verdict}


def reads_initial(claim: Claim) -> bool:
    """Return whether a claim compares fine-tuned networks with their initial one, which another could replace."""
    keys = {key for contrast in claim.contrasts if contrast.table == SIMILARITY for key in contrast.by_key}
    runs = {key[0] for key in keys if key[1] == "pretrained"}
    return any(key[0] in runs and key[1] == INITIAL[0] for key in keys)


def on_its_scale(claim: Claim, choice: Choice) -> bool:
    """Return whether the claim has no threshold of linear CKA, or the estimator is on the scale of linear CKA."""
    return choice.estimator.startswith("cka-") or not any(contrast.threshold for contrast in claim.contrasts)


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
    own = similarity.assign(bn=usual.bn)
    # The study's own similarities come in too, since nothing else was tried for some runs.
    choices = pd.concat([own[[*KEYS, "value"]], tried[[*KEYS, "value"]]]).drop_duplicates(KEYS)
    every = [*universes(choices, spec), *usual_universes(similarity, spec)]
    main = {claim.name: claim for claim in spec.main}
    for claim in spec.claims:
        tables = {contrast.table for contrast in claim.contrasts}
        if tables & set(others):
            yield from rows(claim, Choice(), verdicts(claim, others) or {})
        elif CURVE in tables:
            for estimator, table in curve.groupby("estimator", sort=False):
                choice = Choice(str(estimator), str(usual.n), usual.bn, usual.block, OWN)
                found = verdicts(claim, {CURVE: measurements.curves(table)}) if on_its_scale(claim, choice) else None
                yield from rows(claim, choice, found or {})
        else:
            for choice, numbers in every:
                if on_its_scale(claim, choice) and (choice.reference == OWN or reads_initial(claim)):
                    measured = {SIMILARITY: numbers}
                    found = verdicts(claim, measured) or verdicts(main[claim.name], measured)
                    yield from rows(claim, choice, found or {})


def main() -> None:
    flags = command.parser(__doc__, MultiverseSpec)
    flags.add_argument("--similarities", type=Path, nargs="+", required=True)
    flags.add_argument("--curves", type=Path, nargs="+", required=True)
    flags.add_argument("--histories", type=Path, nargs="+", required=True)
    flags.add_argument("--choices", type=Path, nargs="+", required=True, help="similarities under other choices")
    args = flags.parse_args()
    spec: MultiverseSpec = args.spec
    others = read_others(spec.claims, spec.histories, args.histories, {}, [])
    found = list(verdict_rows(spec, read(args.similarities), read(args.curves), read(args.choices), others))
    job = Job(spec, args.code, [*args.similarities, *args.curves, *args.histories, *args.choices])
    job.save(args.output, lambda file: write_csv(file, found, COLUMNS))
    print(f"{len(found)} verdicts")
