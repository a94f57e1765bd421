"""The whole workflow on a few hundred real images, run for real."""

import hashlib
import json

import pandas as pd
import pytest

CONFIG = ("--configfile", "presets/smoke.yaml", "presets/svhn-npz.yaml")

pytestmark = pytest.mark.real_images


@pytest.fixture(scope="module")
def study(checkout, real_images):
    checkout.snakemake(*CONFIG)
    return checkout


def results(study):
    return study.folder / "results" / "smoke"


def test_every_figure_is_there_in_three_formats(study):
    made = {path.name for path in (results(study) / "figures").glob("*.*") if path.suffix != ".json"}
    names = [f"fig{number}" for number in range(1, 6)] + ["controls", "layers", "sensitivity"]
    assert made == {f"{name}.{ending}" for name in names for ending in ("svg", "pdf", "png")}


def test_nothing_is_left_to_do(study):
    assert study.jobs(*CONFIG) == {}


def test_tables_name_the_images_used(study):
    table = pd.read_csv(results(study) / "tables" / "fig4.csv")
    used = table.groupby("panel", sort=False)["images"].unique()
    npz = "SVHN (first 10,000 test images, npz)"
    assert list(used["CIFAR-10"]) == ["CIFAR-10, test[5000:5100]"]
    assert list(used[npz]) == [f"{npz}, train[5000:5100]"]


def test_tables_are_complete_and_sound(study):
    table = pd.read_csv(results(study) / "tables" / "fig3.csv")
    layers = ["pool1", "pool2", "pool3", "pool4", "logits"]
    assert list(table["layer"].unique()) == layers
    counts = table.groupby(["panel", "series", "estimator"]).size()
    assert set(counts) == {len(layers)}
    assert table["value"].between(-1, 1).all()
    biased = table["estimator"] == "cka-biased"
    assert (table[biased]["null_mean"] > table[~biased]["null_mean"].to_numpy()).all()
    # A few steps change the early layers little.
    assert (table[table["layer"] == "pool1"]["value"] > 0.9).all()


def test_the_usual_choice_gives_the_similarities_of_the_study(study):
    table = pd.read_csv(results(study) / "tables" / "sensitivity.csv")
    assert set(table["series"]) == {"conv-relu-bn", "conv-bn-relu"}
    assert set(zip(table["n"], table["bn"], strict=True)) == {(50, "batch"), (100, "batch"), (100, "calibrated")}
    usual = table[(table["usual"] == 1) & (table["series"] == "conv-relu-bn")]
    assert usual["value"].notna().all()
    assert set(usual["n"]) == {100}
    files = [results(study) / "similarity" / "runs" / run / "seed1.csv" for run in usual["run"].unique()]
    study_rows = pd.concat([pd.read_csv(file) for file in files])
    keys = ["run", "seed", "reference", "layer", "estimator"]
    both = usual.merge(study_rows, on=keys, suffixes=("", "_study"))
    assert len(both) == 5 * 5 * 2
    assert (both["value"] - both["value_study"]).abs().max() < 1e-6


def test_layers_are_compared_with_all_layers(study):
    table = pd.read_csv(results(study) / "tables" / "layers.csv")
    assert table["panel"].nunique() == 8
    assert set(table.groupby(["panel", "estimator"]).size()) == {25}
    own = table[(table["run"] == table["reference"]) & (table["layer"] == table["reference_layer"])]
    assert own["value"].tolist() == pytest.approx([1] * len(own), abs=1e-12)
    # What figure 5 shows of the same layers.
    fig5 = pd.read_csv(results(study) / "tables" / "fig5.csv")
    same = table[table["layer"] == table["reference_layer"]]
    fig5["reference"] = fig5["reference"].replace({"pretrained": "cifar10"})
    both = same.merge(fig5, on=["run", "seed", "reference", "layer", "estimator"], suffixes=("", "_fig5"))
    assert len(both) >= 30
    assert (both["value"] - both["value_fig5"]).abs().max() < 1e-6


def test_sidecars_tell_the_truth(study):
    folder = study.folder
    made = [*results(study).rglob("*.*"), *(folder / "results" / "datasets").rglob("*.*")]
    artifacts = [path for path in made if path.suffix not in (".json", ".log", ".sha256")]
    assert {path.with_name(path.name + ".json") for path in artifacts} == {
        path for path in made if path.suffix == ".json"
    }
    for artifact in artifacts:
        record = json.loads(artifact.with_name(artifact.name + ".json").read_text())
        assert record["sha256"] == hashlib.sha256(artifact.read_bytes()).hexdigest(), artifact
        for path, digest in record["inputs"].items():
            assert digest == hashlib.sha256((folder / path).read_bytes()).hexdigest(), path


def test_figures_are_explained_back_to_the_raw_images(study):
    told = study.repdrift("explain", "results/smoke/figures/fig4.png", *CONFIG).stdout
    for name in ("data/cifar-10-batches-py/test_batch", "data/svhn/svhn_test_first10000.npz"):
        checksum = hashlib.sha256((study.folder / name).read_bytes()).hexdigest()
        assert f"{name}\n    raw: no job made it; SHA-256 {checksum}" in told


def test_swapped_parameters_are_seen(study):
    """Snakemake compares parameters without their names; ours are one string."""
    (study.folder / "swap.yaml").write_text("training: {learning_rate: 0.9, momentum: 0.001}\n")
    jobs = study.jobs(*CONFIG, "swap.yaml")
    trained = jobs["pretrain"] + jobs["pretrain_source"] + jobs["finetune"]
    assert trained == len(list(results(study).glob("models/**/seed1/final.safetensors")))
    assert "task" not in jobs


def test_touching_the_decoded_images_retrains_nothing(study):
    for path in (study.folder / "results" / "datasets").rglob("*.*"):
        path.touch()
    assert study.jobs(*CONFIG) == {}


def test_another_seed_trains_that_seed_alone(study):
    (study.folder / "seeds.yaml").write_text("seeds: [1, 2]\n")
    jobs = study.jobs(*CONFIG, "seeds.yaml")
    again = study.jobs(*CONFIG)
    assert again == {}
    trained = jobs["pretrain"] + jobs["pretrain_source"] + jobs["finetune"]
    assert trained == len(list(results(study).glob("models/**/seed1/final.safetensors")))
    assert "dataset" not in jobs
