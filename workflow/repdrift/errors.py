"""The one exception for what a user can cause."""


class UserError(Exception):
    """Something that a user can mend: one line that says what is wrong, where, and what to do."""


def in_one_line(text: str) -> UserError:
    """Make such an error of a text that may quote line breaks: the message has one line all the same."""
    return UserError(" ".join(text.split()))
