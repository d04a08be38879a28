from clary.ml.container import WARM_MODULES
from clary.services.sagemaker import service


def test_warm_modules_are_those_of_the_container() -> None:
    assert service.WARM_MODULES == WARM_MODULES
