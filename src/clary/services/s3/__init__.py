"""Amazon S3: buckets and objects, durable before they are answered.

Objects of up to 64 KiB lie in the metadata database; larger ones are blobs. Access points, directory buckets, S3
Tables, annotations, torrents, and the settings for analytics, inventory, metrics, replication, website and accelerated
transfer are not implemented.
"""
