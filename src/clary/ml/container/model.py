"""What a model server serves: something that turns the body of a request into the body of an answer."""

from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: status, content type and body."""

    status: int
    body: bytes
    content_type: str = "text/plain"


class Refusal(Exception):  # noqa: N818  # it is an answer
    """A request that cannot be answered: 415 for its type, 406 for the type it wants back, 400 for its content."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Model(ABC):
    """A loaded model. `invoke` may be called from two threads at once."""

    @abstractmethod
    def invoke(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Answer one invocation. Header values are as sent, empty where there was none.

        Raises:
            Refusal: the client must change the request.
        """
