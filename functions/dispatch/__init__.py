"""What the queue and the schedule trigger."""
