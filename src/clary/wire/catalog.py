"""Every operation of every service in scope, compiled when it is first asked for."""

from collections.abc import Mapping

from botocore import xform_name

from clary.wire.compiled import Codec, CompiledOperation
from clary.wire.directory import SERVICES, Entry
from clary.wire.model import ServiceModel, load
from clary.wire.operation import Operation
from clary.wire.protocol import protocol_of
from clary.wire.types import HttpRequest


class Catalog:
    """The services' models and operations. Making one costs nothing; each model loads on first use, and stays.

    Names that are not in scope raise KeyError throughout.
    """

    #: How requests name each service, without loading its model.
    directory: Mapping[str, Entry] = SERVICES

    def __init__(self) -> None:
        self._services: dict[str, ServiceModel] = {}
        self._methods: dict[str, dict[str, str]] = {}
        self._codecs: dict[tuple[str, str], Codec] = {}
        self._operations: dict[tuple[str, str, str], Operation] = {}

    def services(self) -> list[str]:
        """Return botocore's names of the services in scope."""
        return [*self.directory]

    def service(self, name: str) -> ServiceModel:
        """Return a service's model."""
        model = self._services.get(name)
        if model is None:
            self.directory[name]
            model = self._services[name] = load(name)
        return model

    def methods(self, service: str) -> Mapping[str, str]:
        """Return AWS's operation name (`CreateModel`) for each method name (`create_model`)."""
        methods = self._methods.get(service)
        if methods is None:
            methods = self._methods[service] = {xform_name(name): name for name in self.service(service).operations}
        return methods

    def operation(self, service: str, name: str, request: HttpRequest | None = None) -> Operation:
        """Return an operation in the protocol that `request` speaks, in the service's first one without a request."""
        model = self.service(service)
        protocol = protocol_of(model, request)
        operation = self._operations.get((service, name, protocol))
        if operation is None:
            operation = CompiledOperation(self._codec(model, protocol), model.operations[name])
            self._operations[service, name, protocol] = operation
        return operation

    def operation_for_method(self, service: str, method: str) -> Operation:
        """Return the operation that the Python method `method` serves."""
        return self.operation(service, self.methods(service)[method])

    def codec(self, service: str, request: HttpRequest | None = None) -> Codec:
        """Return what serializes errors to a request of a service that names none of its operations."""
        model = self.service(service)
        return self._codec(model, protocol_of(model, request))

    def _codec(self, model: ServiceModel, protocol: str) -> Codec:
        codec = self._codecs.get((model.name, protocol))
        if codec is None:
            codec = self._codecs[model.name, protocol] = Codec(model, protocol)
        return codec
