"""What a rule declares as input is what its program records as input, in every job of a study that was run."""

from tests.workflow.tiny import EVERYTHING

from repdrift.provenance.artifacts import record


def declared(study):
    """Rule and inputs of each file that Snakemake has made."""
    lines = study.snakemake(*EVERYTHING, "--detailed-summary").stdout.splitlines()
    names, *rows = (line.split("\t") for line in lines if "\t" in line)
    for row in rows:
        cells = dict(zip(names, row, strict=True))
        yield cells["output_file"], cells["rule"], {name for name in cells["input-file(s)"].split(",") if name}


def test_programs_record_the_inputs_that_their_rules_declare(complete_study):
    rules, different = set(), {}
    for path, rule, inputs in declared(complete_study):
        made = record(complete_study.folder / path)
        if made is None:
            assert path.endswith(".sha256")  # it is made of the images beside it
            continue
        rules.add(rule)
        # Checksums stand for the images, of which Snakemake would compare the time alone.
        wanted = {name for name in inputs if not name.endswith(".sha256")}
        recorded = set(made["inputs"])
        if recorded != wanted:
            different[path] = recorded ^ wanted
    assert different == {}
    assert {"dataset", "pretrain", "report", "transfer_barrier_of_pairs", "head2toe_tuning"} <= rules
