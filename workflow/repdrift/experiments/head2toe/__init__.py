"""The experiment on Evci et al. (2022), Head2Toe: Utilizing Intermediate Representations."""
