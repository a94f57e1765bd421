"""Rethinking two consensuses of the transferability in deep learning (Chen et al. 2022)."""
