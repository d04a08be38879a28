import pytest

from clary.services.sagemaker.metrics import Metrics
from clary.wire.errors import AwsError

AUC = r".*\[[0-9]+\].*#011validation-auc:([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?).*"


def test_final_holds_the_last_value_of_each_metric() -> None:
    metrics = Metrics([])
    metrics.read("[0]#011train-auc:0.5#011validation-auc:0.4", 10.0)
    metrics.read("[1]#011train-auc:0.75#011validation-auc:0.6", 20.0)
    assert metrics.final() == [
        {"MetricName": "train:auc", "Value": 0.75, "Timestamp": 20.0},
        {"MetricName": "validation:auc", "Value": 0.6, "Timestamp": 20.0},
    ]


@pytest.mark.parametrize("line", ["[3]\tvalidation-auc:0.25", "[3]#011validation-auc:0.25"])
def test_read_matches_tabs_in_both_spellings(line: str) -> None:
    metrics = Metrics([{"Name": "my:auc", "Regex": AUC}])
    metrics.read(line, 1.0)
    assert {metric["MetricName"]: metric["Value"] for metric in metrics.final()} == {
        "my:auc": 0.25,
        "validation:auc": 0.25,
    }


def test_read_passes_over_what_is_no_number() -> None:
    metrics = Metrics([{"Name": "loss", "Regex": "loss=(.*)"}])
    metrics.read("loss=unknown", 1.0)
    metrics.read("[0]#011train-rmse:nan", 1.0)
    assert metrics.final() == []


@pytest.mark.parametrize(("regex", "why"), [("loss=(", "not a regular expression: missing"), ("loss", "needs a group")])
def test_metrics_refuse_a_regex_that_captures_nothing(regex: str, why: str) -> None:
    with pytest.raises(AwsError, match=why):
        Metrics([{"Name": "loss", "Regex": regex}])
