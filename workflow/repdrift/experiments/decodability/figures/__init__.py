"""The drawings of the figures of the experiment ``decodability``, each beside its caption."""
