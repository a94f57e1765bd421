"""Data sets: their images and labels, transforms of both, and the files that tasks are read from."""
