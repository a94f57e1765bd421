"""head2toe."""
