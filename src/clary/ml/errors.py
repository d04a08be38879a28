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
        self.text = text
        self.file = file
        self.line = line
        self.column = column
        super().__init__(f"file '{file}'{', ' if self.place else ': '}{self.place}{text}")

    @property
    def place(self) -> str:
        """The place within the file, followed by a colon: `line 3, column 2: `; empty where it is not known."""
        line = [f"line {self.line}"] if self.line is not None else []
        column = [f"column {self.column}"] if self.column is not None else []
        return ", ".join(line + column) + ": " if line or column else ""


class AlgorithmError(Exception):
    """The algorithm failed on input that it ought to have taken, or refused."""

    def __str__(self) -> str:
        return f"AlgorithmError: {' '.join(str(arg) for arg in self.args)}"
