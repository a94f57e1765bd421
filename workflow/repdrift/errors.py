"""The one exception for what a user can cause."""


class UserError(Exception):
    """Something a user can mend: one line that says what is wrong, where, and what to do."""
