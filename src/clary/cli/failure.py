"""How a command fails."""


class Failure(Exception):  # noqa: N818  - not a fault of ours
    """A command cannot do what it was told; the text is one line for the user. `status` is the exit status."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status
