"""The programs of the experiment ``grounding``, which its rules call."""
