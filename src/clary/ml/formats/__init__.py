"""The data formats of SageMaker's algorithms, one file each, read as streams of batches."""
