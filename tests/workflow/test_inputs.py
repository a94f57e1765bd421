"""The inputs that a rule declares are those that its program records, in every job of a study that was run."""

from tests.workflow.tiny import EVERYTHING

from repdrift.provenance.artifacts import record


def declared(study):
    """Yield the path, the rule and the declared inputs of each file that Snakemake has made."""
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
        # The rule declares the checksums of images in their place, since Snakemake would compare only their times.
        wanted = {name for name in inputs if not name.endswith(".sha256")}
        if set(made["inputs"]) != wanted:
            different[path] = set(made["inputs"]) ^ wanted
    assert different == {}
    assert {"dataset", "task", "pretrain", "similarity", "figure", "judge", "report", "head2toe_tuning"} <= rules
