"""The drawings of the figures of the experiment ``head2toe``, each beside its caption."""
