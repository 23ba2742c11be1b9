"""How a command ends that can't do what it was asked for."""


class CommandError(Exception):
    """The text says what is wrong and what to do. ``code``: the command's exit code."""

    code = 1


class UsageError(CommandError):
    """The arguments make no sense together."""

    code = 2
