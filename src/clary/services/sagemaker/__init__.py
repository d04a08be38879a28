"""Amazon SageMaker: training jobs, models, endpoint configurations, endpoints, tags, and the runtime that invokes them.

Training jobs train and endpoints answer: both run programs under SageMaker's container contract through `clary.jobs`,
reading and writing S3 and CloudWatch Logs as the job's execution role. Images are resolved by repository name and tag
to the built-in algorithms of `clary.ml` (`images.py`).

Not here yet, and refused by name rather than ignored: Pipe mode, managed spot training, more than one instance, VPCs,
GPU instances, checkpoints, images, algorithms and scripts of one's own, inference pipelines, multi-model, serverless
and asynchronous endpoints, data capture, shadow variants.
"""
