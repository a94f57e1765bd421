"""repdrift: how representations change when a network is pre-trained and fine-tuned."""

__version__ = "0.1.0"
