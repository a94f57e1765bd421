"""The machine that a job runs on: its device, its memory, its environment, and signals to stop."""
