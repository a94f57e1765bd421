"""What a rule declares as input is what its program records as input, in every job of a study that was run."""

import pytest
from tests.conftest import SMOKE
from tests.workflow import tiny
from tests.workflow.conftest import TINY

from repdrift.provenance.artifacts import record

STUDIES = {"tiny_study": (*tiny.FIGURES, *TINY), "smoke": SMOKE}


@pytest.fixture(params=["tiny_study", pytest.param("smoke", marks=pytest.mark.real_images)])
def study(request):
    """A study that was run, and the arguments that it was run with."""
    return request.getfixturevalue(request.param), STUDIES[request.param]


def declared(study, arguments):
    """Rule and inputs of each file that Snakemake has made."""
    lines = study.snakemake(*arguments, "--detailed-summary").stdout.splitlines()
    names, *rows = (line.split("\t") for line in lines if "\t" in line)
    for row in rows:
        cells = dict(zip(names, row, strict=True))
        yield cells["output_file"], cells["rule"], {name for name in cells["input-file(s)"].split(",") if name}


def test_programs_record_the_inputs_that_their_rules_declare(study):
    checkout, arguments = study
    rules, different = set(), {}
    for path, rule, inputs in declared(checkout, arguments):
        made = record(checkout.folder / path)
        if made is None:
            assert path.endswith(".sha256")  # it is made of the images beside it
            continue
        rules.add(rule)
        # Checksums stand for the images, of which Snakemake would compare the time alone.
        wanted = {name for name in inputs if not name.endswith(".sha256")}
        recorded = set(made["inputs"])
        if rule == "dataset":  # Raw images that torchvision downloads are there only once the program has run.
            recorded = {name for name in recorded if not name.startswith("data/")} | (recorded & wanted)
        if recorded != wanted:
            different[path] = recorded ^ wanted
    assert different == {}
    assert {"dataset", "task", "initialise", "pretrain", "similarity", "table", "figure"} <= rules
    assert arguments is not SMOKE or {"judge", "report", "transfer_table", "head2toe_tuning"} <= rules
