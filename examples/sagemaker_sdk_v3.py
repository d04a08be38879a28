"""The main job with the SageMaker Python SDK v3 (`pip install "sagemaker>=3"`), unmodified.

Run it with `clary run -- python examples/sagemaker_sdk_v3.py`. It would run against AWS as well.
"""

import csv
import random
import tempfile
from pathlib import Path

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.serve import ModelBuilder
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData


def write_csv(path: Path, rows: int, seed: int) -> None:
    """Label first: 1 where the two features lie inside a circle."""
    draw = random.Random(seed)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        for _ in range(rows):
            x, y = draw.uniform(-1, 1), draw.uniform(-1, 1)
            writer.writerow([int(x * x + y * y < 0.5), f"{x:.4f}", f"{y:.4f}"])


def main() -> None:
    session = Session()
    role = get_execution_role()
    print(f"role {role}, bucket {session.default_bucket()}")

    channels = []
    with tempfile.TemporaryDirectory() as folder:
        for seed, channel in enumerate(("train", "validation")):
            path = Path(folder) / f"{channel}.csv"
            write_csv(path, 1000, seed)
            uri = session.upload_data(str(path), key_prefix=f"circle/{channel}")
            channels.append(InputData(channel_name=channel, data_source=uri, content_type="text/csv"))

    image = image_uris.retrieve("xgboost", session.boto_region_name, version="1.7-1")
    trainer = ModelTrainer(
        training_image=image,
        sagemaker_session=session,
        role=role,
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        hyperparameters={"objective": "binary:logistic", "eval_metric": "auc", "num_round": 50},
    )
    trainer.train(channels, logs=True)
    artefact = trainer._latest_training_job.model_artifacts.s3_model_artifacts
    print(f"model {artefact}")

    builder = ModelBuilder(
        image_uri=image,
        s3_model_data_url=artefact,
        role_arn=role,
        sagemaker_session=session,
        instance_type="ml.m5.large",
    )
    model = builder.build()
    endpoint = builder.deploy(endpoint_name=model.model_name)
    inside, outside = (
        float(endpoint.invoke(body=point, content_type="text/csv").body.read()) for point in ("0.1,0.1", "0.9,0.9")
    )
    print(f"inside {inside:.3f}, outside {outside:.3f}")
    assert inside > 0.9, inside
    assert outside < 0.1, outside
    endpoint.delete()
    model.delete()
    print("done")


if __name__ == "__main__":
    main()
