"""Objects in a connection's buckets: uploaded, downloaded and deleted by people and scripts."""
