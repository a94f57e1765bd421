"""The drawings of the experiment ``precision``."""
