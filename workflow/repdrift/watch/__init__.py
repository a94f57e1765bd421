"""What a person sees while a study runs: a display on a terminal, or a line a minute in a file."""
