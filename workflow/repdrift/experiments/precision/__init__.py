"""The experiment on the precision of training: what bfloat16 or tf32 does to similarities, accuracies and claims."""
