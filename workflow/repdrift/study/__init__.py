"""A study: its config, and the tasks, runs, figures and files that follow from it."""
