"""SelectObjectContent: the request is checked here, the work is done by a job process (`clary.ml.select`)."""
