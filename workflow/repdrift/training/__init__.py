"""The training of networks by SGD or AdamW, with saved progress."""
