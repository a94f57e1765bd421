"""The programs of the experiment ``decodability``, which its rules call."""
