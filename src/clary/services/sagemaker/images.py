"""Which built-in algorithm an image URI stands for.

Images are resolved by repository name alone: whatever the account, region and version, `.../sagemaker-xgboost:1.7-1`
is XGBoost. Registries and names as `sagemaker.image_uris.retrieve` gives them.
"""

import re
from dataclasses import dataclass

from clary.services.sagemaker.errors import image_not_found, invalid_image

_ECR = re.compile(
    r"(?P<registry>\d{12})\.dkr[.-]ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|on\.aws|c2s\.ic\.gov|sc2s\.sgov\.gov)"
    r"/(?P<repository>[a-z0-9][a-z0-9._/-]*)(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@sha256:[0-9a-f]{64})?"
)

#: Repository name -> algorithm of `clary.ml`.
REPOSITORIES = {"sagemaker-xgboost": "xgboost", "xgboost": "xgboost"}


@dataclass(frozen=True, slots=True)
class Image:
    """What runs an image: `algorithm` is the name that `clary.ml.container` knows it by, `tag` the version asked."""

    algorithm: str
    tag: str


def resolve(uri: str) -> Image:
    """Return what runs the image.

    Raises:
        AwsError: it is no ECR path, or Clary has nothing to run for that repository.
    """
    match = _ECR.fullmatch(uri)
    if match is None:
        raise invalid_image(uri)
    algorithm = REPOSITORIES.get(match["repository"])
    if algorithm is None:
        raise image_not_found(match["repository"], match["registry"], ", ".join(REPOSITORIES))
    return Image(algorithm, match["tag"] or "latest")
