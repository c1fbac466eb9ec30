"""What AWS Lambda does: functions in threads of the runner, or in processes of their own."""
