"""The drawings of the figures of the experiment ``transfer``, each beside its caption."""
