"""The training of networks by SGD, alone or several in one process, with saved progress."""
