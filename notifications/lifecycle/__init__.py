"""What workers do: find events, choose channels, send."""
