"""What every protocol's parser is to the operations."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from clary.wire.errors import AwsError
from clary.wire.model import OperationModel, ServiceModel, Shape
from clary.wire.parse.events import EventReader
from clary.wire.types import HttpRequest

#: From a request (its path apart, for the caller may have changed it) and its whole body to the input.
Parse = Callable[[HttpRequest, str, bytes], dict[str, Any]]


class Parser(ABC):
    """Compiles the operations of one service into parsers of one protocol."""

    #: The code of a request that is not what the model says.
    malformed_code: ClassVar[str] = "SerializationException"

    def __init__(self, service: ServiceModel) -> None:
        self.service = service

    def undecodable(self) -> AwsError:
        """Return the error for bytes that are not UTF-8."""
        return AwsError(self.malformed_code, "The request holds bytes that are not UTF-8.")

    @abstractmethod
    def compile(self, operation: OperationModel) -> Parse:
        """Return what parses the requests of an operation; it raises Malformed, UnicodeDecodeError or AwsError."""

    def event_reader(self, shape: Shape) -> EventReader:
        """Return what reads the events of a stream."""
        raise NotImplementedError(f"{self.service.name} has no streams of events in its inputs")

    def reads_body(self, operation: OperationModel) -> bool:
        """Tell whether the operation's input needs the body."""
        return operation.input is not None
