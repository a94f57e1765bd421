"""The programs of the experiment ``movement``, which its rules call."""
