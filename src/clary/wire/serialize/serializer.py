"""What every protocol's serializer is to the operations."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from clary.wire.errors import AwsError
from clary.wire.model import OperationModel, ServiceModel
from clary.wire.quirks import quirks_of
from clary.wire.types import HttpResponse

#: From a result and the request's id to a response.
Serialize = Callable[[dict[str, Any], str], HttpResponse]


class Serializer(ABC):
    """Compiles the operations of one service into serializers of one protocol, and serializes the service's errors."""

    def __init__(self, service: ServiceModel) -> None:
        self.service = service
        self.quirks = quirks_of(service.name)

    @abstractmethod
    def compile(self, operation: OperationModel) -> Serialize:
        """Return what serializes the results of an operation; KeyError for an unknown member."""

    @abstractmethod
    def error(self, error: AwsError, request_id: str) -> HttpResponse:
        """Turn an error into a response."""
