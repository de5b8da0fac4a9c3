"""What all servers share: files that other users cannot read, and bounds for HTTP clients."""
