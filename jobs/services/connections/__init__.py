"""Where jobs run: connections, their limits, prices and permissions, and the objects in S3."""
