"""The programs of the experiment ``transferability``, which its rules call."""
