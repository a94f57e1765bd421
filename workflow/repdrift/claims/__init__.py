"""The claims of papers as contrasts of measured numbers, and the verdicts on them."""
