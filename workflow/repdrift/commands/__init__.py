"""What `repdrift NAME` does, a file for each name."""
