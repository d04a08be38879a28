"""The main job with the SageMaker Python SDK v2 (`pip install "sagemaker<3"`), unmodified.

Run it with `clary run -- python examples/sagemaker_sdk_v2.py`. It would run against AWS as well.
"""

import csv
import random
import tempfile
from pathlib import Path

import sagemaker
from sagemaker import image_uris
from sagemaker.deserializers import CSVDeserializer
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.serializers import CSVSerializer


def write_csv(path: Path, rows: int, seed: int) -> None:
    """Label first: 1 where the two features lie inside a circle."""
    draw = random.Random(seed)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        for _ in range(rows):
            x, y = draw.uniform(-1, 1), draw.uniform(-1, 1)
            writer.writerow([int(x * x + y * y < 0.5), f"{x:.4f}", f"{y:.4f}"])


def main() -> None:
    session = sagemaker.Session()
    role = sagemaker.get_execution_role()
    print(f"role {role}, bucket {session.default_bucket()}")

    channels = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed, channel in enumerate(("train", "validation")):
            path = Path(folder) / f"{channel}.csv"
            write_csv(path, 1000, seed)
            uri = session.upload_data(str(path), key_prefix=f"circle/{channel}")
            channels[channel] = TrainingInput(uri, content_type="text/csv")

    estimator = Estimator(
        image_uri=image_uris.retrieve("xgboost", session.boto_region_name, version="1.7-1"),
        role=role,
        instance_count=1,
        instance_type="ml.m5.large",
        sagemaker_session=session,
        hyperparameters={"objective": "binary:logistic", "eval_metric": "auc", "num_round": "50"},
    )
    estimator.fit(channels, logs="All")
    print(f"model {estimator.model_data}")

    predictor = estimator.deploy(
        initial_instance_count=1,
        instance_type="ml.m5.large",
        serializer=CSVSerializer(),
        deserializer=CSVDeserializer(),
    )
    inside, outside = (float(predictor.predict(point)[0][0]) for point in ([0.1, 0.1], [0.9, 0.9]))
    print(f"inside {inside:.3f}, outside {outside:.3f}")
    assert inside > 0.9, inside
    assert outside < 0.1, outside
    predictor.delete_model()
    predictor.delete_endpoint()
    print("done")


if __name__ == "__main__":
    main()
