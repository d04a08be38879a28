"""SageMaker as two services: the control plane, and the runtime that invokes endpoints."""

import asyncio
import os
import shutil

from clary.jobs.program import StopRequest
from clary.jobs.queue import Job, JobKind
from clary.services._base.context import Context
from clary.services._base.service import Service
from clary.services.sagemaker.endpoint_configs import EndpointConfigs
from clary.services.sagemaker.endpoint_run import EndpointRun, fail_endpoint
from clary.services.sagemaker.endpoints import ENDPOINT, Endpoints
from clary.services.sagemaker.execution_role import own_context
from clary.services.sagemaker.inference_models import InferenceModels
from clary.services.sagemaker.runtime import SageMakerRuntime
from clary.services.sagemaker.tags import Tags
from clary.services.sagemaker.training_jobs import TRAINING, TrainingJobs
from clary.services.sagemaker.training_run import fail_training, run_training

__all__ = ["SageMaker", "SageMakerRuntime"]

#: What the warm parent of training and serving processes imports: `clary.ml.container.WARM_MODULES`, by name, since the
#: server itself imports nothing of `clary.ml`.
WARM_MODULES = (
    "clary.ml.container.job",
    "clary.ml.container.server",
    "clary.ml.gradient_boosting.training",
    "clary.ml.gradient_boosting.serving",
)


class SageMaker(TrainingJobs, InferenceModels, EndpointConfigs, Endpoints, Tags, Service):
    """The control plane."""

    name = "sagemaker"

    async def start(self) -> None:
        """Warm the parent of jobs, remove the folders that a crash left, and register the job kinds."""
        await self.platform.runner.prewarm("ml", WARM_MODULES)
        await asyncio.to_thread(shutil.rmtree, self.platform.work_dir / "training", ignore_errors=True)
        queue = self.platform.queue
        queue.register(TRAINING, JobKind(self._run_training, self._fail_training, max(4, 2 * (os.cpu_count() or 1))))
        queue.register(ENDPOINT, JobKind(self._run_endpoint, self._fail_endpoint))

    def _context(self, job: Job) -> Context:
        return own_context(self.platform, job.scope)

    async def _run_training(self, job: Job, stop: StopRequest) -> None:
        await run_training(self._context(job), job, stop)

    async def _fail_training(self, job: Job, reason: str) -> None:
        await fail_training(self._context(job), job)

    async def _run_endpoint(self, job: Job, stop: StopRequest) -> None:
        await EndpointRun(self._context(job), job, stop).run()

    async def _fail_endpoint(self, job: Job, reason: str) -> None:
        await fail_endpoint(self._context(job), job)
