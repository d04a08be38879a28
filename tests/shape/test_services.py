"""Every service is what botocore's model of it allows."""

import importlib
import inspect

import pytest

from clary.app import SERVICES
from clary.services._base.service import Service
from clary.wire.catalog import Catalog


@pytest.mark.parametrize("name", SERVICES)
def test_public_coroutine_methods_are_operations(name: str) -> None:
    module, _, class_name = SERVICES[name].partition(":")
    service = getattr(importlib.import_module(module), class_name)
    assert service.name == name
    public = {name for name, _ in inspect.getmembers(service, inspect.iscoroutinefunction) if not name.startswith("_")}
    assert public - {*vars(Service)} <= {*Catalog().methods(name)}
