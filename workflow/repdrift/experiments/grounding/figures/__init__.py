"""The drawings of the figures of the experiment ``grounding``, each beside its caption."""
