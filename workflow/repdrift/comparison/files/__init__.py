"""Files of representations of any format: `repdrift.comparison.files.sides.read` reads those of one network."""
