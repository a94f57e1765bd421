"""The plan: names, runs, references and specs of a study."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from repdrift.canonical import canonical
from repdrift.plan import specs
from repdrift.plan.plan import Plan, merged
from repdrift.study.tasks import Part, Transform

LIBRARY = Path(__file__).parents[2] / "workflow"


TRANSFER = [
    *("transfer_rates", "transfer_shuffle", "transfer_similarity", "transfer_distances", "transfer_barrier"),
    *("transfer_criticality", "transfer_checkpoints", "transfer_claims"),
]
TRANSFERABILITY = [
    *("transferability_layers", "transferability_data", "transferability_gap"),
    *("weights_vs_representations", "transferability_claims"),
]
MOVEMENT = ["movement", "movement_claims"]
HEAD2TOE = ["head2toe", *(f"head2toe_{name}" for name in ("affinity", "layers", "cost", "claims"))]
DECODABILITY = ["decodability", "decodability_claims"]


GROUNDING = ["grounding", "grounding_claims"]


@pytest.fixture
def paper(load_config):
    return Plan(load_config())


def drift(plan):
    return plan.experiments["drift"]


def test_the_paper_has_its_runs(paper):
    names = list(paper.runs)
    assert len(names) == len(set(names))
    targets = [name for name in drift(paper).needed if name.startswith("cifar10+")]
    assert len(targets) == 11
    for name in ("cifar10", "cifar10-random9", "cifar10-n4096", "cifar10-n64-random9", "cifar10+svhn"):
        assert name in names
    assert "cifar10+cifar10-shift" in names
    assert "init+cifar10-random9" in names


def test_lengths_are_those_of_the_authors(paper):
    assert paper.runs["cifar10"].steps == 234_450
    assert paper.runs["cifar10+svhn"].steps == 3_925
    assert paper.runs["cifar10-n64"].steps == 300


def test_a_size_that_is_the_whole_is_the_whole_run(paper):
    assert paper.study.scratch_run(9, 50_000) == paper.study.scratch_run(9)
    assert "cifar10-n50000" not in paper.runs


def test_matched_steps(load_config):
    plan = Plan(load_config("laptop"))
    matched = {run.name: run for run in plan.runs.values() if run.steps == 4800 and "random9" in run.name}
    # 150 epochs of 1,024 images are 4,800 steps already: the usual run serves.
    assert set(matched) == {
        "cifar10-n64-random9-steps4800",
        "cifar10-n256-random9-steps4800",
        "cifar10-n1024-random9",
        "cifar10-random9-steps4800",
    }
    for run in matched.values():
        epochs = run.steps / math.ceil(run.task.train.size / 32)
        assert 10 <= epochs / run.test_every <= 20


def test_fine_tuning_starts_from_the_same_seeds_network(paper):
    run = paper.runs["cifar10+svhn"]
    assert paper.parent(run.name, 3) == "results/paper/models/cifar10/seed3/final.safetensors"
    assert paper.study.references(run) == {
        "init": ("init", "init"),
        "pretrained": ("cifar10", "final"),
        "independent": ("independent", "init"),
    }
    assert paper.study.references(paper.runs["init+cifar10-random9"]) == {"init": ("init", "init")}


def test_probe_is_the_beginning_of_the_held_out_images(paper):
    study = paper.study
    assert study.probe("source") == ("cifar10", Part("test", 0, 500))
    assert study.probe("domain") == ("cifar10", Part("test", 5000, 5500))
    assert study.probe("cross_domain") == ("svhn", Part("train", 5000, 5500))


def test_shift_by_the_seed_stays_within_1_to_9():
    shifts = [Transform("shift", "seed").amount(seed, 10) for seed in range(30)]
    assert shifts[1:6] == [1, 2, 3, 4, 5]
    assert set(shifts) == set(range(1, 10))


def test_data_sets_of_other_content_have_another_folder(load_config):
    official, npz = (Plan(load_config(*presets)).study for presets in ((), ("svhn-npz",)))
    assert official.store("svhn") != npz.store("svhn")
    assert official.store("cifar10") == npz.store("cifar10")


def test_specs_hold_what_the_job_uses_and_nothing_else(load_config):
    config = load_config()
    before = Plan(config)
    changed = load_config()
    changed["finetune"]["epochs"] = 3
    changed["seeds"] = [1, 2, 3, 4, 5, 6]
    changed["pretrain"]["random"] = [0, 1, 2, 3, 4, 9]
    after = Plan(changed)
    for name in drift(before).needed:
        same = canonical(specs.train(before, name, 1)) == canonical(specs.train(after, name, 1))
        assert same == ("+" not in name)
    assert specs.task(before, "cifar10-random9", 1) == specs.task(after, "cifar10-random9", 1)


def test_swapped_settings_are_another_spec(load_config):
    swapped = load_config()
    training = swapped["training"]
    training["learning_rate"], training["momentum"] = training["momentum"], training["learning_rate"]
    first, second = (canonical(specs.train(Plan(config), "cifar10", 1)) for config in (load_config(), swapped))
    assert first != second


@pytest.mark.parametrize(
    ("presets", "first", "others"),
    [
        ((), ["validation"], [*TRANSFER, *TRANSFERABILITY, *HEAD2TOE, *MOVEMENT, *DECODABILITY, *GROUNDING]),
        (("laptop",), ["validation"], [*TRANSFER, *TRANSFERABILITY, *HEAD2TOE, *MOVEMENT, *DECODABILITY, *GROUNDING]),
        (("small",), [], TRANSFER),
        (("demo",), [], [*TRANSFER, *TRANSFERABILITY, *HEAD2TOE, *MOVEMENT, *DECODABILITY, *GROUNDING]),
        (("smoke", "svhn-npz"), [], [*TRANSFER, *TRANSFERABILITY, *HEAD2TOE, *MOVEMENT, *DECODABILITY, *GROUNDING]),
    ],
    ids=["paper", "laptop", "small", "demo", "smoke"],
)
def test_figures_show_runs_that_exist(load_config, presets, first, others):
    plan = Plan(load_config(*presets))
    names = [*(f"fig{number}" for number in range(1, 6)), "controls", "layers", "sensitivity"]
    assert list(plan.figures) == [*first, *names, *others, "claims", "multiverse"]
    for figure in plan.figures.values():
        for series in (series for panel in figure.panels for series in panel.series):
            if figure.drawing == "heatmap":
                assert {series.run, series.reference} <= {name for name, _ in drift(plan).layer_networks}
            else:
                assert series.reference in plan.study.references(plan.runs[series.run])
    assert {run for figure in plan.figures.values() for run in figure.runs} == {"init", *drift(plan).needed}


def test_another_order_of_the_blocks_is_the_main_runs_again(paper):
    others = [run for run in paper.runs.values() if run.name.startswith("conv-bn-relu/")]
    assert [run.name.removeprefix("conv-bn-relu/") for run in others] == [run.name for run in drift(paper).main_runs]
    for run in others:
        ours = paper.runs[run.name.removeprefix("conv-bn-relu/")]
        assert (run.task, run.steps, run.head) == (ours.task, ours.steps, ours.head)
        spec, usual = (specs.train(paper, name, 1) for name in (run.name, ours.name))
        assert spec.network == usual.network | {"block": "conv-bn-relu"}
        # Its task is the same, so its labels and the order of its images are.
        assert spec == replace(usual, run=run.name, network=spec.network, checkpoints=())
        # Nothing of the study's own block order is read.
        for run_name, _ in (run.parent, *paper.study.references(run).values()):
            assert run_name.startswith("conv-bn-relu/")
    weights, usual = (specs.initialise(paper, name, 1) for name in ("conv-bn-relu/init", "init"))
    assert weights == replace(usual, network=usual.network | {"block": "conv-bn-relu"})


def test_the_studys_own_order_of_the_blocks_is_not_trained_twice(load_config):
    config = load_config()
    config["network"]["arguments"]["block"] = "conv-bn-relu"
    assert not any("/" in name for name in Plan(config).runs)


def test_sensitivity_tries_the_sizes_that_the_images_allow(load_config):
    laptop = drift(Plan(load_config("laptop")))
    assert laptop.probe_sizes("source", "main") == [100, 200, 500, 2000]
    assert laptop.probe_sizes("domain", "main") == [100, 200, 500, 2000, 5000]
    assert laptop.probe_sizes("domain", "conv-bn-relu/main") == [100, 200, 500, 2000, 5000]
    # Thousands of images make a run dear: only the main ones take them, on their own probe.
    assert laptop.probe_sizes("cross_domain", "main") == [100, 200, 500]
    assert laptop.probe_sizes("cross_domain", "others") == [100, 200, 500]
    assert laptop.tried_runs == list(laptop.needed)
    spec = laptop.sensitivity_spec("domain", "main", 1)
    assert spec.probe == Part("test", 5000, 10_000)
    assert [run.name for run in spec.runs] == ["cifar10+cifar10", "cifar10+cifar10-random9"]
    for run in spec.runs:
        assert run.references == {"init": "init/init", "pretrained": "cifar10/final"}
    assert spec.networks == ("cifar10+cifar10/final", "init/init", "cifar10/final", "cifar10+cifar10-random9/final")

    config = load_config("small")
    config["probe"] |= {"images": 200, "bn": "calibrated"}
    demo = drift(Plan(config))
    assert demo.probe_sizes("source", "main") == [100, 200, 300]
    assert demo.tried_runs == [run.name for run in demo.main_runs]
    assert demo.bn_modes == ["calibrated", "batch"]


def test_every_tried_run_is_measured_once_on_each_of_its_probes(load_config):
    laptop = drift(Plan(load_config("laptop")))
    found = [(role, run.name) for (role, _), runs in laptop.tried_groups.items() for run in runs]
    assert len(found) == len(set(found))
    probes = {name: laptop.study.probes(laptop.needed[name]) for name in laptop.tried_runs}
    assert set(found) == {(role, name) for name, roles in probes.items() for role in roles}


def test_a_run_that_several_experiments_need_keeps_its_weights_at_the_epochs_of_all(paper):
    task = paper.study.target_task("svhn")
    short, long, other = (paper.study.trained_on(task, checkpoints=epochs) for epochs in ((2, 5), (25, 2), ()))
    found = merged([short, other, long])
    assert found == {short.name: replace(short, checkpoints=(2, 5, 25))}


def test_runs_on_targets_that_keep_weights_all_keep_the_same_epochs(paper):
    """One rule makes them all, and a rule has the same outputs for each of its jobs."""
    task = paper.study.target_task("svhn")
    early = paper.study.trained_on(task, checkpoints=(1, 3))
    late = paper.study.trained_on(task, order=2, checkpoints=(25,))
    without = paper.study.trained_on(task, order=3)
    source = replace(paper.study.scratch_run(0), checkpoints=(7,))
    found = merged([early, without, source, late])
    assert {name: run.checkpoints for name, run in found.items()} == {
        early.name: (1, 3, 25), late.name: (1, 3, 25), without.name: (), source.name: (7,),
    }  # fmt: skip


def test_a_run_that_ends_before_the_epochs_of_others_is_an_error(paper):
    assert paper.path_epochs == (0, 1, 2, 5, 10, 25)
    short = paper.study.trained_on(paper.study.target_task("svhn"), steps=100, checkpoints=(1,))
    paper.runs = merged([*paper.runs.values(), short])
    with pytest.raises(ValueError, match=r"cifar10\+svhn-steps100 ends in epoch 1, and its weights of epoch 25"):
        _ = paper.path_epochs


def test_the_snakefiles_side_imports_the_standard_library_only():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from repdrift.plan import plan, specs; from repdrift.provenance import fingerprint;"
        "from repdrift.study import config;"
        "print([m for m in ('torch', 'numpy', 'pandas', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(LIBRARY)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
