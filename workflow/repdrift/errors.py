"""The exception for errors that a user can cause."""


class UserError(Exception):
    """An error that the user can mend. Its message is one line that says what is wrong, where, and what to do."""


def in_one_line(text: str) -> UserError:
    """Make such an error of a text that may quote line breaks. The message has one line all the same."""
    return UserError(" ".join(text.split()))
