"""`repdrift adopt` on a study that has been run, after a change of the code that trains."""

import shutil

import pytest
from tests.workflow import tiny
from tests.workflow.changes import edit, flip, kept, overlay
from tests.workflow.tiny import TINY, of, onwards

RESULTS = "results/tiny"
MODEL = f"{RESULTS}/models/objects+objects/seed1/final.safetensors"
TRAINING = "workflow/repdrift/training/replay.py"
TRAINED = onwards(of("pretrain", "pretrain_source", "finetune"))
NOTHING = set()


@pytest.fixture
def upgraded(tiny_study):
    """The study beside changed code of the training. Whatever a test does to its files is undone."""
    folder = tiny_study.folder
    with (
        kept(folder / "results"),
        kept(folder / ".snakemake"),
        edit(TRAINING, "WARM_UP = 3", "WARM_UP = 4")(tiny_study),
    ):
        yield tiny_study


def adopt(study, check=True):
    return study.repdrift("adopt", "tiny", *TINY, check=check)


def planned(study):
    return study.planned(*tiny.FIGURES, *TINY)


def sidecars(study):
    return {path: path.read_bytes() for path in (study.folder / "results").rglob("*.json")}


def changed(study, before):
    """Artifacts, by their sidecars, that are not as they were."""
    return {
        str(path.relative_to(study.folder))[:-5] for path, content in sidecars(study).items() if content != before[path]
    }


def test_adopted_results_are_good_until_the_next_change(upgraded):
    assert planned(upgraded) == TRAINED
    before = sidecars(upgraded)
    told = adopt(upgraded).stdout.splitlines()
    assert planned(upgraded) == NOTHING

    adopted = changed(upgraded, before)
    models = {f"{RESULTS}/models/{run}/seed1" for run in (*tiny.DEGREES, *tiny.SIZES, *tiny.DOMAIN, *tiny.CROSS)}
    assert {name.rpartition("/")[0] for name in adopted} == models
    # The lists of classes lie beside the images, and are no outputs that Snakemake knows of.
    declared = [path for path in before if not path.name.endswith(".classes.csv.json")]
    assert told[0] == f"artifacts adopted: {len(adopted)}, up to date before: {len(declared) - len(adopted)}"

    found = upgraded.repdrift("verify", RESULTS).stdout
    assert f"{len(declared)} as they were made, {len(adopted)} of them by other code, and adopted" in found
    lines = upgraded.repdrift("explain", MODEL, *TINY).stdout.splitlines()
    assert sum(line.startswith("    adopted ") for line in lines) > 1
    assert lines[-1] == "It would not be made again: nothing that it is made of has changed."

    with overlay("finetune: {epochs: 2}")(upgraded):
        assert planned(upgraded) == onwards(of("finetune"))
    with edit(TRAINING, "WARM_UP = 4", "WARM_UP = 5")(upgraded):
        assert planned(upgraded) == TRAINED
        assert f"stale    {MODEL}: the code that it was adopted for (training.replay) has changed since" in (
            upgraded.repdrift("verify", RESULTS, check=False).stdout.splitlines()
        )


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        (flip(MODEL), f"altered  {MODEL}: its SHA-256 is "),
        (overlay("finetune: {epochs: 2}"), f"differs  {MODEL}: training.steps 1 -> 2"),
        # The size of a whole data set is in no spec of what is made of it: the name of the data set's folder tells.
        (overlay("datasets: {objects: {train: 128}}"), "differs  results/tiny/tasks/objects/seed1.npz: inputs "),
    ],
)
def test_what_differs_in_more_than_code_is_refused_as_a_whole(upgraded, change, refused):
    with change(upgraded):
        before, plan = sidecars(upgraded), planned(upgraded)
        done = adopt(upgraded, check=False)
        assert done.returncode == 1
        assert [line for line in done.stdout.splitlines() if line.startswith(refused)]
        assert len(done.stderr.splitlines()) == 1
        assert changed(upgraded, before) == set()
        assert planned(upgraded) == plan


def test_deleted_activations_need_not_be_made_again(upgraded):
    """Neither those whose sidecars are there, nor those of which only Snakemake's records tell."""
    activations = upgraded.folder / RESULTS / "activations"
    shutil.rmtree(activations / "source")
    for path in (activations / "domain").rglob("*.safetensors"):
        path.unlink()
    with overlay("keep: {activations: false}")(upgraded):
        adopt(upgraded)
        assert planned(upgraded) == NOTHING
        assert list((activations / "cross_domain").rglob("*.safetensors"))  # nothing is deleted either
    with overlay("probe: {images: 32}")(upgraded):
        assert adopt(upgraded, check=False).returncode == 1


def test_a_study_without_snakemakes_records_is_as_strict_after_it_was_adopted(upgraded):
    shutil.rmtree(upgraded.folder / ".snakemake")
    assert planned(upgraded) == NOTHING  # Snakemake goes by time alone
    adopt(upgraded)
    assert planned(upgraded) == NOTHING
    with edit(TRAINING, "WARM_UP = 4", "WARM_UP = 5")(upgraded):
        assert planned(upgraded) == TRAINED


def test_a_study_of_another_config_is_not_adopted(upgraded):
    with overlay("study: other")(upgraded):
        done = adopt(upgraded, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "error: results/tiny: the config is of another study: give this one's config files with --configfile\n",
    )
