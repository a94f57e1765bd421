"""The training of networks by SGD or AdamW, alone or several in one process, with saved progress."""
