"""CloudWatch Logs: groups, streams and events, with retention, filters, tags and live tail.

What it does: keeps events in SQL tables of its own, durable when PutLogEvents answers and readable at once; pages
through streams of any length by key; understands the whole filter pattern language; removes what retention has ended.

What it does not: Insights queries, metric and subscription filters, exports, deliveries, data protection, encryption
keys, anomaly detection.
"""
