"""What workers do with a tuning: take the sample, and run one job after the other."""
