"""The exception for errors that a user can cause."""


class UserError(Exception):
    """An error that the user can mend. Its message is one line that says what is wrong, where, and what to do."""
