"""Captions: whole sentences about this study, in the file that lies beside the drawing."""

import re
from string import Formatter

import pytest
from tests.checkout import REPOSITORY
from tests.unit.presets import PRESETS, in_words

from repdrift.claims.rule import IN_WORDS
from repdrift.plan.plan import Plan
from repdrift.study.phrases import common_phrases

FILES = set((REPOSITORY / "workflow" / "repdrift" / "experiments").glob("*/figures/*.rst"))


@pytest.fixture(params=PRESETS, ids=in_words)
def plan(load_config, request):
    return Plan(load_config(*request.param))


def phrases_in(path):
    return {name for _, name, _, _ in Formatter().parse(path.read_text()) if name is not None}


def test_every_caption_is_in_whole_sentences(plan):
    for figure in plan.figures.values():
        caption = figure.caption
        assert caption.endswith("."), figure.name
        assert not re.search(r"[{}\n]|  |\.\.|\b(None|True|False)\b", caption), figure.name
        sentences = re.split(r"(?<=\.) ", caption.replace("et al.", "et al"))
        assert [sentence for sentence in sentences if not re.match(r"[A-Z(]", sentence)] == [], figure.name


def test_a_caption_tells_of_the_seeds_of_its_study(plan):
    seeds = len(plan.study.seeds)
    for name, figure in plan.figures.items():
        caption = figure.caption.replace(IN_WORDS, "")
        if seeds == 1:
            assert "one seed" in caption or "1 seed." in caption, name
            assert not re.search(r"\d seeds|confidence intervals", caption), name
        else:
            assert set(re.findall(r"(\d+) seeds?\b", caption)) == {str(seeds)}, name
            assert "one seed" not in caption, name


def test_a_caption_names_the_images_and_the_length_of_fine_tuning(load_config):
    config = load_config("small")
    config["datasets"]["digits"]["title"] = "numerals"
    config["finetune"]["epochs"] = 77
    figures = Plan(config).figures
    for name in ("fig4", "fig5"):
        assert "numerals, train[0:" in figures[name].caption
        assert "for 77 epochs." in figures[name].caption
    assert "numerals" not in figures["fig3"].caption
    assert "P-T networks are fine-tuned from pre-trained weights with new heads for 77 epochs" in (
        figures["transfer_barrier"].caption
    )


def test_a_caption_tells_how_networks_are_trained_where_that_is_not_usual(load_config):
    usual = Plan(load_config("small")).figures
    assert not any("Training uses" in figure.caption or "trained;" in figure.caption for figure in usual.values())
    config = load_config("small")
    config["training"] |= {
        "optimizer": "adamw", "momentum": None, "schedule": "cosine", "warmup": 1, "label_smoothing": 0.1,
        "augmentation": {"flip": True, "crop": 4},
    }  # fmt: skip
    config["finetune"]["train"] = {"from": "pool3"}
    figures = Plan(config).figures
    every = (
        "Training uses AdamW, a learning rate that falls to 0 as a cosine, a warm-up of 1 epoch, label smoothing of "
        "0.1, random horizontal flips and random crops of images that are padded by 4 pixels."
    )
    some = "Only block3 and the parts after it are trained; what comes before keeps its pre-trained weights."
    for name in ("fig2", "fig3", "fig4", "fig5"):
        assert every in figures[name].caption
        assert (some in figures[name].caption) == (name in ("fig4", "fig5"))


@pytest.mark.parametrize(("epochs", "every"), [(1, "epoch"), (30, "30 epochs")])
def test_a_caption_tells_of_a_step_decay_and_of_heads(load_config, epochs, every):
    config = load_config("small")
    config["training"]["schedule"] = {"step": epochs, "factor": 0.5}
    config["finetune"]["train"] = "head"
    caption = Plan(config).figures["fig4"].caption
    assert f"Training uses a learning rate that is multiplied by 0.5 after every {every}." in caption
    assert "Only the head is trained; what comes before" in caption


def test_the_images_of_an_npz_data_set_are_named_by_their_file(load_config):
    """SVHN's test images come in as the split `train`, which a reader would take for SVHN's own training images."""
    figures = Plan(load_config("laptop", "svhn-npz")).figures
    assert "SVHN, svhn_test_first10000[5000:5500]" in figures["fig4"].caption
    assert "SVHN, svhn_test_first10000[0:5000]" in figures["fig4"].caption
    assert not any("SVHN, train" in figure.caption for figure in figures.values())
    assert "CIFAR-10, test[5000:5500]" in figures["fig4"].caption
    titles = [panel.title for name in ("fig4", "fig5") for panel in figures[name].panels]
    assert "SVHN" in titles and max(map(len, titles)) < 30
    official = Plan(load_config("laptop")).figures
    assert "SVHN, train[5000:5500]" in official["fig4"].caption


def test_every_caption_file_is_of_a_figure(load_config):
    plans = [Plan(load_config(*presets)) for presets in ((), ("laptop", "networks"), ("laptop", "precision"))]
    assert {figure.caption_file for plan in plans for figure in plan.figures.values()} == FILES


def test_every_common_phrase_is_in_a_caption(load_config):
    used = set().union(*map(phrases_in, FILES))
    assert set(common_phrases(Plan(load_config()).study)) <= used
