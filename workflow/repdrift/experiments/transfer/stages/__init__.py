"""The programs of the experiment ``transfer``, which its rules call."""
