"""Comparing two networks, layer by layer, by what was recorded of them on the same images."""
