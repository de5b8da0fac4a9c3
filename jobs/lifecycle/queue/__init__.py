"""From WAITING to accepted: the order of jobs, the room they wait for, and their start."""
