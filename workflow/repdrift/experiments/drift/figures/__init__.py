"""The drawings of the figures of the experiment ``drift``, each beside its caption."""
