"""Networks: their architecture, weights and checkpoints, and how they are evaluated and compared."""
