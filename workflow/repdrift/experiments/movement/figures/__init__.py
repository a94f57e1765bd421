"""The drawings of the figures of the experiment ``movement``, each beside its caption."""
