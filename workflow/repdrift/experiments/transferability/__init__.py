"""The experiment on Chen et al. (2022), Rethinking Two Consensuses of the Transferability in Deep Learning."""
