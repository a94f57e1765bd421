"""Claims G1 to G19 of Goerttler & Obermayer (2022), Similarity of Pre-trained and Fine-tuned Representations.

The paper leaves some things open. docs/claims.md says for each claim what was decided, when, and why. A trend over
several degrees or sizes is the change of its least-squares line over their ranks. The early layers are all layers
except the last two. Where the paper speaks of layers in general, their mean decides, and each of them is shown.
Comments mark thresholds that are not from the paper.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Collection

from repdrift.claims.contrasts import BACKGROUND, MEAN, OURS, Claim, Sentence, claims_of, histories_of
from repdrift.experiments.drift.claims_fine_tuned import FineTuned
from repdrift.experiments.drift.claims_from_scratch import FromScratch
from repdrift.experiments.drift.experiment import Drift
from repdrift.experiments.drift.specs import MultiverseSpec, UsualChoices


def claims(drift: Drift, runs: Collection[str] | None = None) -> list[Claim]:
    """Return all claims. A claim has those of its contrasts whose runs are among `runs`, by default all runs."""
    available = drift.needed if runs is None else runs
    scratch, tuned = FromScratch(drift, available), FineTuned(drift, available)
    if not drift.study.trains_source:
        return claims_of(FINE_TUNED, tuned, tuned.has)
    return [
        *claims_of(FROM_SCRATCH, scratch, scratch.has),
        *claims_of(FINE_TUNED, tuned, tuned.has),
        *claims_of(SUMMARY, scratch, scratch.has),
    ]


def multiverse_spec(drift: Drift) -> MultiverseSpec:
    """Make the spec of the verdicts under all choices of measurement."""
    study, found = drift.study, claims(drift)
    main = claims(drift, {run.name for run in drift.main_runs})
    probe = study.config.probe
    return MultiverseSpec(
        claims=tuple(found),
        main=tuple(main),
        histories=histories_of(found, study.seeds),
        calibrated=study.config.similarity.calibrated,
        usual=UsualChoices(probe.images, probe.bn, study.own.label, probe.reduce if drift.reductions[1:] else ""),
    )


FROM_SCRATCH = (
    Sentence("G1", "From scratch, the change grows with depth", "section 3, figure 1", "fig1", FromScratch.depth),
    Sentence("G2", "Most of the change comes early in training", "figure 1", "fig1", FromScratch.early, MEAN, OURS),
    Sentence("G3", "The more random the labels, the slower the loss falls", "section 3.2, figure 2a", "fig2",
             FromScratch.loss),
    Sentence("G4", "Random labels are memorised almost as well as true ones", "section 3.2, figure 2b", "fig2",
             FromScratch.memorised),
    Sentence("G5", "Test accuracy exceeds chance only with structure", "section 3.2, figure 2c", "fig2",
             FromScratch.accuracy),
    Sentence("G6", "From scratch, the more random the labels, the smaller the change, overall and in early layers",
             "section 3.2, figure 3a", "fig3", FromScratch.less_with_randomness),
    Sentence("G6b", "... but the last layer changes more", "section 3.2, figure 3a", "fig3",
             FromScratch.last_with_randomness, MEAN),
    Sentence("G6c", "When random labels are memorised, the early layers do not change", "conclusion", "fig3",
             FromScratch.early_layers_stay),
    Sentence("G7", "With random labels, more images change the earlier layers more", "section 3.2, figure 3b", "fig3",
             FromScratch.more_images, MEAN),
    Sentence("G7b", "... and with few images, only the last layer changes", "section 3.2, figure 3b", "fig3",
             FromScratch.few_images),
    Sentence("G7s", "... also at equal numbers of steps", "a control that the paper lacks", "controls",
             FromScratch.more_images_at_equal_steps, MEAN, OURS),
)  # fmt: skip

FINE_TUNED = (
    Sentence("G8", "Fine-tuned, the more random the labels, the larger the change", "section 4.1, figure 4a", "fig4",
             FineTuned.tuned_with_randomness, MEAN),
    Sentence("G9", "True labels hardly change the early layers", "section 4.1", "fig4", FineTuned.hardly),
    Sentence("G10", "Random labels change a pre-trained network more than a random one", "section 4.1", "controls",
             FineTuned.from_scratch, MEAN),
    Sentence("G11", "As G8, on images of another domain", "section 4.1, figure 4b", "fig4",
             FineTuned.tuned_elsewhere_with_randomness, MEAN),
    Sentence("G12", "Domain and cross-domain tasks change early layers more than the old task, less than random labels",
             "section 4.2, figure 4c", "fig4", FineTuned.between),
    Sentence("G13", "Cross-domain changes the penultimate layer more than domain adaptation", "section 4.2, figure 4c",
             "fig4", FineTuned.penultimate, MEAN),
    Sentence("G14", "After true labels, closer to the pre-trained network than to the initial one",
             "section 4.3, figure 5a", "fig5", FineTuned.closer, MEAN),
    Sentence("G15", "After random labels, closer to the initial network than to the pre-trained one",
             "abstract, figure 5b", "fig5", FineTuned.unlearned, MEAN),
    Sentence("G16", "After domain and cross-domain tasks, closer to the pre-trained network than to the initial one",
             "section 4.3, figures 5c and 5d", "fig5", FineTuned.closer_elsewhere),
    Sentence("G16b", "... by less than in G14", "section 4.3, figures 5c and 5d", "fig5", FineTuned.closer_by_less),
    Sentence("G17", "Cross-domain changes earlier layers more than domain adaptation", "conclusion", "fig4",
             FineTuned.cross_domain_early, MEAN),
    Sentence("G18", "The head changes most, though all weights are trained", "abstract", "fig4", FineTuned.head,
             origin=BACKGROUND),
)  # fmt: skip

SUMMARY = (
    Sentence("G19", "A larger change in early layers coheres with learned structure", "section 3.2", "fig3",
             FromScratch.structure),
)  # fmt: skip
