"""The experiments. Each subpackage holds all that belongs to the experiment on one paper."""
