"""The programs that the rules call, one each: thin shells over the library's functions."""
