"""The programs of the experiment ``head2toe``, which its rules call."""
