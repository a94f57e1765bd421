"""The exception for errors that a user can cause, and the words of other errors."""


class UserError(ValueError):
    """An error that the user can mend. Its message is one line that says what is wrong, where, and what to do."""


def first_line(error: Exception) -> str:
    """Return the first line of the message of an error, or its kind if it has no message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def in_one_line(text: str) -> UserError:
    """Make such an error of a text that may quote line breaks. The message has one line all the same."""
    return UserError(" ".join(text.split()))
