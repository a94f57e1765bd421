"""The drawings of the experiment ``networks``."""
