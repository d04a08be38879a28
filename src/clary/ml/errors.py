"""Whose fault a failed job or a refused request is: the user's, or ours.

SageMaker starts a job's FailureReason with one of two words, and so do `str()` of these errors.
"""


class ClientError(Exception):
    """The user can mend it: a hyperparameter, a channel, the data."""

    def __str__(self) -> str:
        return f"ClientError: {self.message}"

    @property
    def message(self) -> str:
        """The text without the leading word."""
        return " ".join(str(arg) for arg in self.args)


class DataError(ClientError):
    """A place in a file that cannot be read: `file`, its `line` (from 1) and `column` (from 1), where known."""

    def __init__(self, text: str, file: str, line: int | None = None, column: int | None = None) -> None:
        place = [f"file '{file}'"]
        place += [f"line {line}"] if line is not None else []
        place += [f"column {column}"] if column is not None else []
        super().__init__(f"{', '.join(place)}: {text}")
        self.text = text
        self.file = file
        self.line = line
        self.column = column


class AlgorithmError(Exception):
    """The algorithm failed on input that it ought to have taken, or refused."""

    def __str__(self) -> str:
        return f"AlgorithmError: {' '.join(str(arg) for arg in self.args)}"
