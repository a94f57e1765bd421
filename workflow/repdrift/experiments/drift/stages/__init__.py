"""The programs of the experiment ``drift``, which its rules call."""
