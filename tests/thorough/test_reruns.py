"""What a change makes run again: exactly the jobs that it touches. Every row changes a study that has been run."""

import shutil

import pytest
from tests.checkout import Checkout
from tests.workflow import changes, tiny
from tests.workflow.changes import add, both, delete, edit, flags, flip, flip_bit, move, overlay, touch
from tests.workflow.tiny import TINY, added, graph, of, onwards

RESULTS = "results/tiny"
ACTIVATIONS = f"{RESULTS}/activations/domain/objects+objects/seed1/final.safetensors"
READ = "activations domain objects+objects 1 final"  # the job that makes them
TRAINED = ("pretrain", "pretrain_source", "finetune")
MEASURED = ("similarity", "curve", "sensitivity_of_runs")  # with the estimators of the config


LIBRARY = "workflow/repdrift"


def code(module, old, new):
    return edit(f"{LIBRARY}/{module}", old, new)


NOTHING = set()
EVERYTHING = set(graph())

# Name, change, jobs that are then to run.
ROWS = [
    ("nothing", flags(), NOTHING),
    # --- code
    (
        "comments, a docstring, formatting",
        both(
            code("training/replay.py", "WARM_UP = 3  # number", "WARM_UP = 3  # a number"),
            code("data/labels.py", '"""Partially random and', '"""Random and'),
            code("data/labels.py", "(labels + shift) % classes", "(\n        labels + shift\n    ) % classes"),
            edit("workflow/rules/train.smk", "Everything waits", "All waits"),
        ),
        NOTHING,
    ),
    (
        "a local variable's name",
        both(
            code("data/labels.py", "noise = generator.integers", "drawn = generator.integers"),
            code("data/labels.py", "(labels + noise) %", "(labels + drawn) %"),
        ),
        onwards(of("task")),
    ),
    ("a helper two imports from the figures", code("figures/table.py", "no such table", "no table"), of("figure")),
    ("the figures' style", code("figures/style.py", 'GREY = "0.45"', 'GREY = "0.4"'), of("figure")),
    (
        "one drawing",
        code("experiments/drift/figures/curve.py", "AXES_HEIGHT = 1.7", "AXES_HEIGHT = 1.8"),
        {"figure fig1"},
    ),
    (
        "a drawing more",
        add(f"{LIBRARY}/figures/more.py", "COLUMNS = ()\n\n\ndef draw(table, network):\n    return None\n"),
        NOTHING,
    ),
    (
        "a constant two imports from the comparison of many networks at once",
        code("similarity/products.py", "BLOCK = 1024 ", "BLOCK = 512 "),
        onwards(of("layers_of_networks", "sensitivity_of_runs")),
    ),
    (
        "a reader of data sets more",
        code(
            "data/readers.py",
            '    "mnist": Known(',
            '    "fashion": Known("FashionMNIST", {"train": 60_000}, {"train": "*"}, "its home"),\n    "mnist": Known(',
        ),
        NOTHING,
    ),
    (
        "an estimator that the study uses",
        code("similarity/cka.py", "values = centred_gram(x)", "values = 2 * centred_gram(x)"),
        onwards(of(*MEASURED)),
    ),
    (
        "an estimator that the study does not use",
        code("similarity/procrustes.py", "def prepare", "LIMIT = 1\n\n    def prepare"),
        NOTHING,
    ),
    (
        "an estimator more",
        both(
            code(
                "similarity/registry.py",
                '    "svcca": ',
                '    "angles": Entry("repdrift.angles:Angles"),\n    "svcca": ',
            ),
            add(f"{LIBRARY}/angles.py", "class Angles:\n    pass\n"),
        ),
        NOTHING,
    ),
    ("the steps of the training", code("training/replay.py", "WARM_UP = 3", "WARM_UP = 4"), onwards(of(*TRAINED))),
    ("a file renamed", move("data.labels", "data.noisy_labels"), NOTHING),
    ("a module moved", move("networks.checkpoints", "training.checkpoints"), NOTHING),
    ("a program moved", move("stages.task", "experiments.drift.stages.task"), NOTHING),
    ("a drawing moved", move("experiments.drift.figures.curve", "figures.curve"), NOTHING),
    ("what a data set is drawn with", code("data/rendered/texture.py", "77 / 256", "78 / 256"), onwards(of("dataset"))),
    (
        "what only the plan has",
        code("plan/plan.py", "STEP_SECONDS = 0.055", "MORE = 1\nSTEP_SECONDS = 0.055"),
        NOTHING,
    ),
    ("a command beside the workflow", code("commands/status.py", "SILENCE = 120.0", "SILENCE = 60.0"), NOTHING),
    # --- config
    ("two parameters swapped", overlay("training: {learning_rate: 0.9, momentum: 0.001}"), onwards(of(*TRAINED))),
    ("the epochs of the fine-tuning", overlay("finetune: {epochs: 2}"), onwards(of("finetune"))),
    ("a seed more", overlay("seeds: [1, 2]"), added(seeds=(1, 2))),
    (
        "a degree more",
        overlay("pretrain: {random: [0, 4, 9]}"),
        added(degrees=("objects", "objects-random4", "objects-random9")),
    ),
    (
        "a size more",
        overlay("pretrain: {sizes: [32, 64, 96]}"),
        added(sizes=("objects-n32-random9", "objects-n64-random9")),
    ),
    (
        "a target task more",
        overlay("finetune: {domain: {random: [0, 4, 9]}}"),
        added(domain=("objects+objects", "objects+objects-random4", "objects+objects-random9")),
    ),
    ("a figure more", flags("fig5"), added(figures=(*tiny.FIGURES, "fig5"))),
    (
        "a control, and its figure",
        both(overlay("controls: {independent: true}"), flags("controls")),
        added(figures=(*tiny.FIGURES, "controls"), independent=True)
        | onwards({tiny.similarity(run) for run in (*tiny.DOMAIN, *tiny.CROSS)}),
    ),
    ("an estimator more", overlay("similarity: {estimators: [cka-biased, cka-debiased]}"), onwards(of(*MEASURED))),
    (
        "an estimator more to try",
        overlay("sensitivity: {estimators: [cka-biased, procrustes]}"),
        onwards(of("sensitivity_of_runs")),
    ),
    ("a new head to fine-tune with", overlay("finetune: {head: new}"), onwards(of("finetune"))),
    # The main trainings are also calibrated under other estimators.
    (
        "more permutations",
        overlay("similarity: {permutations: 6}"),
        onwards(of("similarity", "sensitivity_of_runs")),
    ),
    ("more halves of the probe", overlay("similarity: {halves: 6}"), onwards(of("similarity"))),
    ("another margin", code("claims/scales.py", 'Scale("CKA", 0.01)', 'Scale("CKA", 0.02)'), NOTHING),
    (
        "fewer images to compare on",
        overlay("probe: {images: 32}"),
        onwards(of("activations", "curve", "sensitivity_of_runs")),
    ),
    ("the title of a data set", overlay("datasets: {digits: {title: numerals}}"), {"table fig4", "figure fig4"}),
    ("another study", overlay("study: other"), EVERYTHING - of("dataset")),
    # --- machine
    (
        "other cores, threads, memory",
        flags("--cores", "1", "--set-threads", "pretrain=4", "--set-resources", "finetune:mem_mb=9000"),
        NOTHING,
    ),
    ("a GPU", flags("--resources", "gpu=1"), NOTHING),
    ("many trainings on a GPU", flags("--profile", "profiles/gpu"), NOTHING),
    ("another place of the raw images", overlay("data: elsewhere"), NOTHING),
    ("activations not to be kept", overlay("keep: {activations: false}"), NOTHING),
    # --- files
    (
        "every file of the workflow touched",
        touch("Snakefile", "*.yaml", "workflow/**/*", "presets/*", "profiles/**/*"),
        NOTHING,
    ),
    ("every result touched", touch("results/**/*"), NOTHING),
    ("no records of Snakemake's", delete(".snakemake"), NOTHING),
    ("a new clone on these results", changes.clone(Checkout), NOTHING),
    ("a file of activations deleted", delete(ACTIVATIONS), NOTHING),
    (
        "a file of activations deleted, and an estimator more",
        both(delete(ACTIVATIONS), overlay("similarity: {estimators: [cka-biased, cka-debiased]}")),
        onwards({READ, *of(*MEASURED)}),
    ),
    ("all activations deleted", delete(f"{RESULTS}/activations"), NOTHING),
    ("a bit of the activations flipped", flip(ACTIVATIONS), onwards({READ}) - {READ}),
    ("the same without a trace in its time", flip(ACTIVATIONS, times=False), NOTHING),
    (
        "a history edited by hand",
        edit(f"{RESULTS}/models/objects/seed1/history.csv", "\n2,", "\n3,"),
        onwards({"table fig2"}),
    ),
    ("a figure deleted", delete(f"{RESULTS}/figures/fig3.pdf"), {"figure fig3"}),
    ("weights of an epoch deleted", delete(f"{RESULTS}/models/objects/seed1/epoch1.safetensors"), NOTHING),
]


@pytest.mark.parametrize(("change", "expected"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_exactly_what_a_change_touches(tiny_study, change, expected):
    with change(tiny_study) as arguments:
        assert tiny_study.planned(*tiny.FIGURES, *arguments, *TINY) == expected


def test_a_damaged_file_is_used_for_nothing_until_it_is_made_again(spoilt_study):
    path = spoilt_study.folder / ACTIVATIONS
    flip_bit(path)
    found = spoilt_study.repdrift("verify", RESULTS, check=False)
    assert f"altered  {ACTIVATIONS}: its SHA-256 is" in found.output
    assert found.returncode == 1
    done = spoilt_study.snakemake("fig4", *TINY, check=False)
    assert done.returncode == 1
    log = spoilt_study.folder / RESULTS / "logs/similarity/runs/domain/objects+objects/seed1.log"
    assert log.read_text().startswith(f"error: {ACTIVATIONS} is not as it was made")
    path.unlink()
    spoilt_study.snakemake(*tiny.FIGURES, *TINY)
    all_is_well(spoilt_study)


def test_activations_that_are_not_kept(spoilt_study):
    """They are made when they are needed and deleted then; without them there is nothing to do, kept or not."""
    shutil.rmtree(spoilt_study.folder / RESULTS / "activations")
    for table in spoilt_study.folder.glob(f"{RESULTS}/**/layers*/seed1.csv"):
        table.unlink()
    with overlay("keep: {activations: false}")(spoilt_study):
        spoilt_study.snakemake("layers", *TINY)
        assert list((spoilt_study.folder / RESULTS).glob("activations/**/*.safetensors")) == []
        all_is_well(spoilt_study)
    all_is_well(spoilt_study)


def test_code_that_has_moved_is_not_stale(tiny_study):
    with move("networks.checkpoints", "training.checkpoints")(tiny_study):
        all_is_well(tiny_study)


def test_a_new_style_redraws_once(spoilt_study):
    style = spoilt_study.folder / "workflow/repdrift/figures/style.py"
    style.write_text(style.read_text().replace('GREY = "0.45"', 'GREY = "0.4"'))
    spoilt_study.snakemake("fig1", *TINY)
    assert spoilt_study.planned("fig1", *TINY) == NOTHING
    found = spoilt_study.repdrift("verify", RESULTS, check=False)
    stale = [line for line in found.stdout.splitlines() if line.startswith("stale")]
    why = "the code that made it (figures.style) has changed since"
    figures = [figure for figure in tiny.FIGURES if figure != "fig1"]
    assert stale == [
        f"stale    {RESULTS}/figures/{figure}.{kind}: {why}" for figure in figures for kind in ("pdf", "png", "svg")
    ]


def all_is_well(study):
    assert study.planned(*tiny.FIGURES, *TINY) == NOTHING
    study.repdrift("verify", RESULTS)
