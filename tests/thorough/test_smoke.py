"""The whole workflow on a few hundred real images, run for real."""

import hashlib
import json
from itertools import product

import pandas as pd
import pytest
from tests.checkout import Checkout

pytestmark = pytest.mark.real_images
CONFIG = ("--configfile", "presets/smoke.yaml", "presets/svhn-npz.yaml")


@pytest.fixture(scope="module")
def study(tmp_path_factory, real_images):
    """The study of presets/smoke.yaml, run for real on this machine; tests add files to it, and change none."""
    made = Checkout(tmp_path_factory.mktemp("smoke"))
    made.snakemake(*CONFIG)
    return made


def results(study):
    return study.folder / "results" / "smoke"


def test_every_figure_is_there_in_three_formats(study):
    made = {path.name for path in (results(study) / "figures").glob("*.*") if path.suffix != ".json"}
    names = [f"fig{number}" for number in range(1, 6)] + ["controls", "layers", "sensitivity", "claims", "multiverse"]
    added = ("rates", "shuffle", "similarity", "distances", "barrier", "criticality", "checkpoints", "claims")
    names += [f"transfer_{name}" for name in added]
    names += [f"transferability_{name}" for name in ("layers", "data", "gap", "claims")] + [
        "weights_vs_representations"
    ]
    names += ["decodability", "decodability_claims"]
    names += ["head2toe", *(f"head2toe_{name}" for name in ("affinity", "layers", "cost", "claims"))]
    names += ["movement", "movement_claims"]
    names += ["grounding", "grounding_claims"]
    assert made == {f"{name}.{ending}" for name in names for ending in ("svg", "pdf", "png")}


def test_nothing_is_left_to_do(study):
    assert study.jobs(*CONFIG) == {}


def test_tables_name_the_images_used(study):
    table = pd.read_csv(results(study) / "tables" / "fig4.csv")
    used = table.groupby("panel", sort=False)["images"].unique()
    assert list(used["CIFAR-10"]) == ["CIFAR-10, test[5000:5100]"]
    assert list(used["SVHN"]) == ["SVHN, svhn_test_first10000[5000:5100]"]


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
    assert set(zip(table["n"], table["bn"], strict=True)) == set(product((50, 100), ("batch", "calibrated")))
    usual = table[(table["usual"] == 1) & (table["series"] == "conv-relu-bn")]
    assert usual["value"].notna().all()
    assert set(usual["n"]) == {100}
    files = [
        results(study) / "similarity" / "runs" / probe / run / "seed1.csv"
        for probe, run in usual[["probe", "run"]].drop_duplicates().itertuples(index=False, name=None)
    ]
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


def test_verdicts_are_there_for_every_claim(study):
    verdicts = pd.read_csv(results(study) / "claims.csv", keep_default_na=False)
    assert verdicts["claim"].nunique() == 24 + 17 + 8 + 16 + 5 + 6 + 4
    # One seed: nothing can be concluded, and that is what is said.
    assert set(verdicts["verdict"]) == {"undecided"}
    # Of two epochs of pre-training none is near the end, but the last; no target with the source's images is shuffled;
    # of one seed there is no second network.
    absent = verdicts["claim"].isin(["N12", "N3b", "H9b"])
    assert set(verdicts.loc[absent, "reason"]) == {"the study has no such runs"}
    # The affinity of H2 comes from other seeds, and known answers are those of networks of different seeds.
    of_other_seeds = verdicts["claim"].isin(["H2", "E1", "E2", "E3", "E4"])
    assert set(verdicts.loc[of_other_seeds, "reason"]) == {"undefined for 1 of 1 seeds"}
    others = verdicts[~absent & ~of_other_seeds]
    assert others["reason"].str.contains("1 seed, at least 4 are needed").all()
    multiverse = pd.read_csv(results(study) / "tables" / "multiverse.csv", keep_default_na=False)
    assert set(multiverse.loc[multiverse["claim"] == "G15", "variant"]) == {"conv-relu-bn", "conv-bn-relu"}


def test_the_report_in_a_browser(study, browser):
    browser.open(results(study) / "report.html")
    images = browser.run("return [...document.images].map(i => i.naturalWidth)")
    assert len(images) == 34
    assert all(width > 0 for width in images)
    width = browser.run("return document.documentElement.clientWidth")
    assert browser.run("return document.documentElement.scrollWidth") <= width
    captions = browser.run("return [...document.querySelectorAll('figcaption')].map(c => c.textContent)")
    assert any("There is one seed, so no interval is shown." in caption for caption in captions)
    inside = "return [...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash.slice(1))"
    assert set(browser.run(inside)) <= set(
        browser.run("return [...document.querySelectorAll('[id]')].map(one => one.id)")
    )
    files = browser.run("return [...document.querySelectorAll('a[download]')].map(a => a.download)")
    assert sum(name.startswith("fig4.") for name in files) == 2
    rows = "return [...document.querySelectorAll('#claims-table tbody tr')].map(r => r.id)"
    grouped = browser.run(rows)
    assert [row for row in grouped if row][:5] == ["G1", "G2", "G3", "G4", "G5"]
    click = "document.querySelector('#claims-table th button').click()"
    browser.run(click)
    browser.run(click)
    assert browser.run(rows)[:3] == ["R7", "R6", "R5"]
    browser.run(click)
    assert browser.run(rows) == grouped
    assert browser.errors() == []
    assert browser.hosts_asked() == []


def test_snakemakes_own_report_in_a_browser(study, browser):
    path = study.folder / "snakemake.html"
    if not path.exists():
        study.snakemake("--report", path.name, *CONFIG)
    browser.open(path)
    browser.run("app.showCategory('Figures')")
    listed = browser.run("return document.body.innerText")
    assert all(title in listed for title in ("Figure 1", "Figure 5", "Multiverse"))
    assert browser.errors() == []
    assert browser.hosts_asked() == []


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
    (study.folder / "swap.yaml").write_text("training: {momentum: 0.0, weight_decay: 0.9}\n")
    jobs = study.jobs(*CONFIG, "swap.yaml")
    trained = sum(jobs[rule] for rule in ("pretrain", "pretrain_source", "finetune", "finetune_path"))
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
    trained = sum(jobs[rule] for rule in ("pretrain", "pretrain_source", "finetune", "finetune_path"))
    assert trained == len(list(results(study).glob("models/**/seed1/final.safetensors")))
    assert "dataset" not in jobs
