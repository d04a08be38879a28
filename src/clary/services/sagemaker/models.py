"""What SageMaker remembers, as frozen records, and how each is described.

A record keeps the request as it was given, so that describing it echoes it, and beside it what has happened since.
Times are seconds since the epoch.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

from clary.state.records import Record

#: A structure in AWS's spelling.
Document = dict[str, Any]

#: Secondary status -> training job status, of those that end a job.
_ENDINGS = {
    "Completed": "Completed",
    "Failed": "Failed",
    "Stopped": "Stopped",
    "MaxRuntimeExceeded": "Stopped",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """What every SageMaker resource has. `version` is the record's, for its next change."""

    KIND: ClassVar[str]

    name: str
    arn: str
    status: str
    created: float
    modified: float
    version: int

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return what the record holds."""
        return cls(
            name=record.key,
            status=record.status,
            created=record.created,
            modified=record.modified,
            version=record.version,
            **record.body,
        )

    def to_record(self) -> Record:
        """Return it as a record of kind `KIND`, its name the key."""
        apart = {"name", "status", "created", "modified", "version"}
        body = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in apart}
        return Record(self.name, body, self.status, self.created, self.modified, self.version)


@dataclass(frozen=True, slots=True)
class TrainingJob(Resource):
    """A training job.

    `request` is CreateTrainingJob's input without its tags; `transitions` is SecondaryStatusTransitions, `metrics`
    FinalMetricDataList. `started` and `finished` are the times between which AWS bills.
    """

    KIND: ClassVar[str] = "training-job"

    request: Document
    artifacts: str
    secondary_status: str = "Starting"
    transitions: list[Document] | tuple[()] = ()
    metrics: list[Document] | tuple[()] = ()
    failure_reason: str | None = None
    started: float | None = None
    finished: float | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in {"Completed", "Failed", "Stopped"}

    def moved(self, secondary_status: str, message: str, now: float) -> "TrainingJob":
        """Return the job in its next secondary status; the same one again changes the message alone.

        The transition before it ends `now`, and one that ends the job ends at once.
        """
        transitions = [dict(transition) for transition in self.transitions]
        if not transitions or transitions[-1]["Status"] != secondary_status:
            if transitions:
                transitions[-1].setdefault("EndTime", now)
            transitions.append({"Status": secondary_status, "StartTime": now})
        transitions[-1]["StatusMessage"] = message
        ending = _ENDINGS.get(secondary_status)
        if ending:
            transitions[-1]["EndTime"] = now
        return replace(
            self,
            status=ending or self.status,
            secondary_status=secondary_status,
            transitions=transitions,
            modified=now,
            finished=now if ending else None,
        )

    def describe(self) -> Document:
        """Return DescribeTrainingJob's output."""
        described = {
            **self.request,
            "TrainingJobArn": self.arn,
            "ModelArtifacts": {"S3ModelArtifacts": self.artifacts},
            "TrainingJobStatus": self.status,
            "SecondaryStatus": self.secondary_status,
            "SecondaryStatusTransitions": self.transitions,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "ProfilingStatus": "Disabled",
        }
        if self.failure_reason is not None:
            described["FailureReason"] = self.failure_reason
        if self.metrics:
            described["FinalMetricDataList"] = self.metrics
        if self.started is not None:
            described["TrainingStartTime"] = self.started
        if self.finished is not None:
            seconds = max(1, round(self.finished - (self.started or self.finished)))
            described |= {
                "TrainingEndTime": self.finished,
                "TrainingTimeInSeconds": seconds,
                "BillableTimeInSeconds": seconds,
            }
        return described

    def summary(self) -> Document:
        """Return its line in ListTrainingJobs."""
        line = {
            "TrainingJobName": self.name,
            "TrainingJobArn": self.arn,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "TrainingJobStatus": self.status,
            "SecondaryStatus": self.secondary_status,
        }
        return line if self.finished is None else {**line, "TrainingEndTime": self.finished}


@dataclass(frozen=True, slots=True)
class Model(Resource):
    """A model: what CreateModel was given, without its tags."""

    KIND: ClassVar[str] = "model"

    request: Document

    def describe(self) -> Document:
        """Return DescribeModel's output."""
        return {**self.request, "ModelArn": self.arn, "CreationTime": self.created}

    def summary(self) -> Document:
        """Return its line in ListModels."""
        return {"ModelName": self.name, "ModelArn": self.arn, "CreationTime": self.created}


@dataclass(frozen=True, slots=True)
class EndpointConfig(Resource):
    """An endpoint configuration: what CreateEndpointConfig was given, without its tags."""

    KIND: ClassVar[str] = "endpoint-config"

    request: Document

    def describe(self) -> Document:
        """Return DescribeEndpointConfig's output."""
        return {**self.request, "EndpointConfigArn": self.arn, "CreationTime": self.created}

    def summary(self) -> Document:
        """Return its line in ListEndpointConfigs."""
        return {"EndpointConfigName": self.name, "EndpointConfigArn": self.arn, "CreationTime": self.created}


@dataclass(frozen=True, slots=True)
class Variant:
    """One production variant as it is deployed: a copy of its model, so that an endpoint outlives what it came from.

    `data` is where the model's files are (`S3Uri`, `S3DataType`, `CompressionType`), None for a model without files.
    `revision` is another one each time that it is deployed anew.
    """

    name: str
    image: str
    instance_count: int
    weight: float
    role_arn: str
    environment: dict[str, str]
    data: Document | None
    isolated: bool
    start_seconds: int
    revision: str

    def to_body(self) -> Document:
        """Return it as a part of a record's body."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def describe(self, resolved: float) -> Document:
        """Return its line in DescribeEndpoint; `resolved` is when its image was looked up."""
        image = {"SpecifiedImage": self.image, "ResolvedImage": self.image, "ResolutionTime": resolved}
        return {
            "VariantName": self.name,
            "DeployedImages": [image],
            "CurrentWeight": self.weight,
            "DesiredWeight": self.weight,
            "CurrentInstanceCount": self.instance_count,
            "DesiredInstanceCount": self.instance_count,
        }


@dataclass(frozen=True, slots=True)
class Endpoint(Resource):
    """An endpoint.

    `serving` are the variants that answer, deployed at `deployed`; `wanted` those that are to answer, from the
    configuration `wanted_config`. They are the same once the endpoint is InService.
    """

    KIND: ClassVar[str] = "endpoint"

    config: str
    wanted_config: str
    wanted: tuple[Variant, ...]
    serving: tuple[Variant, ...] = ()
    deployed: float = 0.0
    failure_reason: str | None = None

    @classmethod
    def from_record(cls, record: Record) -> "Endpoint":
        """Return what the record holds."""
        variants = {name: tuple(Variant(**body) for body in record.body[name]) for name in ("wanted", "serving")}
        # Not `super()`: dataclasses make slotted classes anew, and it would look for the one before.
        return super(Endpoint, cls).from_record(replace(record, body={**record.body, **variants}))

    def to_record(self) -> Record:
        """Return it as a record of kind `KIND`, its name the key."""
        record = super(Endpoint, self).to_record()
        variants = {name: [variant.to_body() for variant in record.body[name]] for name in ("wanted", "serving")}
        return replace(record, body={**record.body, **variants})

    @property
    def in_progress(self) -> bool:
        """Whether it is being created, changed or deleted, so that it cannot be changed now."""
        return self.status in {"Creating", "Updating", "Deleting"}

    def describe(self) -> Document:
        """Return DescribeEndpoint's output."""
        described = {
            **self.summary(),
            "EndpointConfigName": self.config,
        }
        if self.serving:
            described["ProductionVariants"] = [self._describe_variant(variant) for variant in self.serving]
        if self.failure_reason is not None:
            described["FailureReason"] = self.failure_reason
        return described

    def _describe_variant(self, variant: Variant) -> Document:
        described = variant.describe(self.deployed)
        for wanted in self.wanted:
            if wanted.name == variant.name:
                described["DesiredWeight"] = wanted.weight
                described["DesiredInstanceCount"] = wanted.instance_count
        return described

    def summary(self) -> Document:
        """Return its line in ListEndpoints."""
        return {
            "EndpointName": self.name,
            "EndpointArn": self.arn,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "EndpointStatus": self.status,
        }
