"""The drawings of the figures of the experiment ``transferability``, each beside its caption."""
