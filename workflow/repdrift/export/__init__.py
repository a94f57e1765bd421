"""What leaves a finished study: tables and numbers for a LaTeX text, and a research object for an archive."""
